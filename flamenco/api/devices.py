"""Wire classes of devices that ask to be let in (RFC 8628). Not in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api.people import Secret, UserName
from flamenco.model.access import DeviceError, Scope
from flamenco.model.bounds import Few, Time

Code = Annotated[str, Meta(min_length=1, max_length=40)]
"""Code that a device shows; signs between its letters don't count."""


@attrs.frozen(kw_only=True)
class DeviceWanted:
    """A program, or a machine, that asks to be let in."""

    name: UserName
    """Name under which it is shown to the person who confirms it."""
    scopes: Few[Scope] = (Scope.SUBMIT, Scope.JOBS)


@attrs.frozen(kw_only=True)
class DeviceBegun:
    """A code that the device shows, and the secret by which it asks for its token."""

    device_code: str = attrs.field(repr=False)
    user_code: str
    verification_uri: str
    """Page on which a person types the code."""
    verification_uri_complete: str
    """The same, with the code."""
    expires_in: int
    """Seconds."""
    interval: int
    """Seconds to wait between two questions."""


@attrs.frozen(kw_only=True)
class DeviceAsking:
    device_code: Secret = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class DeviceToken:
    """The token of a device that was let in, told once."""

    token: str = attrs.field(repr=False)
    user: UserName
    """Name of the user as whom it is let in."""
    scopes: tuple[Scope, ...]
    expires: Time


@attrs.frozen(kw_only=True)
class DeviceRefusal:
    """An `Error`, and what it means to a device."""

    code: int
    message: str
    error: DeviceError | UnsetType = UNSET
    """Without it: the question itself was not as expected."""


@attrs.frozen(kw_only=True)
class ShownDevice:
    """A device that waits, as the person sees it who is to confirm it."""

    name: UserName
    address: str
    scopes: tuple[Scope, ...]
    user_code: str


@attrs.frozen(kw_only=True)
class DeviceAnswer:
    user_code: Code
    allow: bool
