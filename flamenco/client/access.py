"""Operations about who asks."""

from flamenco.api import devices, people
from flamenco.client.calls import Call, get, nothing, operation, send


class AccessOperations:
    """Operations by which a program is let in."""

    @operation
    def who_am_i(self) -> Call[people.Me]:
        """The one who asks, and what that one may do."""
        return get("access/me", people.Me)

    @operation
    def begin_device(self, wanted: devices.DeviceWanted) -> Call[devices.DeviceBegun]:
        """A code that a person confirms on the page."""
        return send("access/devices", wanted, devices.DeviceBegun)

    @operation
    def device_token(self, asking: devices.DeviceAsking) -> Call[devices.DeviceToken]:
        """The token of a device that was let in. Raises `BadRequest`, whose ``error`` says why."""
        return send("access/devices/token", asking, devices.DeviceToken)

    @operation
    def sign_out(self) -> Call[None]:
        """End the token with which this client asks."""
        return Call("POST", "access/sign-out", nothing)
