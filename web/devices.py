"""The door for devices, which show a code that a person confirms in a browser."""

import attrs

from flamenco.access.attempts import Attempts
from flamenco.access.devices import Device, Devices
from flamenco.api.devices import DeviceWanted
from flamenco.model.people import User
from web.turns import Allowance, address


@attrs.define(eq=False)
class DeviceDoor:
    """Where devices wait, and their codes are guessed slowly."""

    _devices: Devices = attrs.field(factory=Devices)
    _begun: Allowance = attrs.field(factory=lambda: Allowance(at_first=10, period=30.0))
    _attempts: Attempts = attrs.field(factory=Attempts)

    def begin(self, wanted: DeviceWanted) -> tuple[str, Device]:
        """A device that waits, and its secret. Raises `TooMany`, `TooManyDevices`."""
        self._begun.spend(address())
        scopes = tuple(dict.fromkeys(wanted.scopes))
        return self._devices.begin(wanted.name, address(), scopes)

    def showing(self, code: str, user: User) -> Device:
        """The device that shows a code, which a user has typed. Raises `TooSoon`, `NoSuchCode`."""
        guess = f"codes of {user.id}"
        self._attempts.begin(guess)
        device = self._devices.showing(code)
        self._attempts.succeeded(guess, address())
        return device

    def answer(self, code: str, user: User, *, allow: bool) -> None:
        """Let in the device that shows a code, or refuse it. Raises as `showing` does."""
        self._devices.answer(self.showing(code, user), user.id if allow else None)

    def take(self, secret: str) -> tuple[Device, str]:
        """A device that is let in, and the id of its user. Raises `NotLetIn`."""
        return self._devices.take(secret)
