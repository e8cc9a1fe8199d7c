"""Devices that wait to be let in: a program shows a code, a person confirms it in a browser.

The rules are those of RFC 8628, *OAuth 2.0 Device Authorization Grant*.
"""

import math
import secrets

import attrs
import trio

from flamenco.access.secrets import digest_of, new_secret
from flamenco.model.access import DeviceError, Scope

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters of codes that people type, which make no words (RFC 8628 §6.1)."""

CODE_LETTERS = 8

LIFE = 600.0
"""Seconds for a person to confirm a code."""

INTERVAL, SLOWER = 5.0, 5.0
"""Seconds between questions of a device, and those that are added when it asks too early."""

MOST_WAITING = 100


class NotLetIn(Exception):
    """A device is not let in, or not yet."""

    def __init__(self, reason: DeviceError) -> None:
        super().__init__(SAID_OF[reason])
        self.reason = reason


SAID_OF = {
    DeviceError.PENDING: "nobody has confirmed the code yet: ask again",
    DeviceError.SLOW_DOWN: "asked too early: wait five seconds longer from now on",
    DeviceError.EXPIRED: "the code is over, or was used: begin anew",
    DeviceError.DENIED: "the code was refused",
}


class NoSuchCode(Exception):
    """A code that no device shows."""

    def __init__(self) -> None:
        super().__init__("no device shows this code now: let it show a new one")


class TooManyDevices(Exception):
    """Too many devices wait: another one has to come again."""

    def __init__(self) -> None:
        super().__init__("many devices wait to be let in: try again in a few minutes")


@attrs.define(eq=False, kw_only=True)
class Device:
    """A device that waits."""

    name: str
    """Name by which it introduces itself."""
    address: str
    scopes: tuple[Scope, ...]
    """Scopes that it asks for."""
    code: str
    """Code that it shows."""
    ends: float
    """Time by Trio's clock at which its code is over."""
    interval: float = INTERVAL
    asked: float = -math.inf
    """Time of its last question."""
    is_answered: bool = False
    user_id: str | None = None
    """User who lets it in."""


@attrs.define(eq=False)
class Devices:
    """The devices that wait."""

    _waiting: dict[str, Device] = attrs.field(factory=dict)
    """{digest of the secret of a device: the device}, those that came first in front."""

    def begin(self, name: str, address: str, scopes: tuple[Scope, ...]) -> tuple[str, Device]:
        """A device that waits from now on, and its secret. Raises `TooManyDevices`."""
        self._forget()
        if len(self._waiting) >= MOST_WAITING:
            raise TooManyDevices
        device = Device(
            name=name,
            address=address,
            scopes=scopes,
            code=self._free_code(),
            ends=trio.current_time() + LIFE,
        )
        secret = new_secret()
        self._waiting[digest_of(secret)] = device
        return secret, device

    def showing(self, typed: str) -> Device:
        """The device that shows a code, as a person types it. Raises `NoSuchCode`."""
        self._forget()
        letters = [each for each in typed.upper() if each in LETTERS]
        for device in self._waiting.values():
            if device.code == shown(letters) and not device.is_answered:
                return device
        raise NoSuchCode

    def answer(self, device: Device, user_id: str | None) -> None:
        """Let a device in as a user, or refuse it."""
        device.is_answered, device.user_id = True, user_id

    def take(self, secret: str) -> tuple[Device, str]:
        """A device that is let in, once, and the id of its user. Raises `NotLetIn`."""
        self._forget()
        key, now = digest_of(secret), trio.current_time()
        device = self._waiting.get(key)
        if device is None:
            raise NotLetIn(DeviceError.EXPIRED)
        is_early, device.asked = now - device.asked < device.interval, now
        if is_early:
            device.interval += SLOWER
            raise NotLetIn(DeviceError.SLOW_DOWN)
        if not device.is_answered:
            raise NotLetIn(DeviceError.PENDING)
        del self._waiting[key]
        if device.user_id is None:
            raise NotLetIn(DeviceError.DENIED)
        return device, device.user_id

    def _free_code(self) -> str:
        used = {each.code for each in self._waiting.values()}
        while (code := shown([secrets.choice(LETTERS) for _ in range(CODE_LETTERS)])) in used:
            pass
        return code

    def _forget(self) -> None:
        now = trio.current_time()
        over = [key for key, device in self._waiting.items() if device.ends <= now]
        for key in over:
            del self._waiting[key]


def shown(letters: list[str]) -> str:
    """A code as it is shown: `BCDF-GHJK`."""
    half = CODE_LETTERS // 2
    return "".join(letters[:half]) + "-" + "".join(letters[half:])
