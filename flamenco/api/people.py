"""Wire classes of users, sign-ins and tokens. Not in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.model.access import AuthMode, Danger, Permission, Role, Scope
from flamenco.model.bounds import Few, Line, Time, Uuid
from flamenco.model.people import LONGEST_NAME, SHORTEST_PASSWORD, TOKEN_LIFE, CredentialKind

UserName = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Password = Annotated[str, Meta(max_length=1000)]
NewPassword = Annotated[str, Meta(min_length=SHORTEST_PASSWORD, max_length=1000)]
Secret = Annotated[str, Meta(max_length=200)]
Days = Annotated[int, Meta(ge=1, le=3650)]


@attrs.frozen(kw_only=True)
class SignIn:
    name: UserName
    password: Password = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class SignOnBegun:
    """Where a browser goes to sign in by single sign-on."""

    address: str


@attrs.frozen(kw_only=True)
class SignOnFinish:
    """Parameters with which the browser comes back from there."""

    code: Line = attrs.field(repr=False)
    state: Secret = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class SignedOut:
    """Where a browser goes to sign out of single sign-on, too."""

    address: str


@attrs.frozen(kw_only=True)
class LinkUse:
    """The password that the holder of a one-time link sets."""

    secret: Secret = attrs.field(repr=False)
    password: NewPassword = attrs.field(repr=False)
    name: UserName | UnsetType = UNSET
    """Name of one's own choice, for a user who had no password before."""


@attrs.frozen(kw_only=True)
class PasswordChange:
    old: Password = attrs.field(repr=False)
    new: NewPassword = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ShownUser:
    id: Uuid
    name: UserName
    role: Role
    created: Time
    has_password: bool
    """False until the person has used the link."""
    disabled: bool
    """True if nobody gets in as this user."""
    source: str
    """Voucher for the person, such as the issuer of single sign-on; empty: the password."""


@attrs.frozen(kw_only=True)
class Me:
    """The one who asks, as far as that is known."""

    mode: AuthMode
    may: tuple[Permission, ...]
    user: ShownUser | UnsetType = UNSET
    single_sign_on: str | UnsetType = UNSET
    """Name of the provider by which one may sign in."""
    named_by_proxy: bool | UnsetType = UNSET
    """True if a proxy that is trusted names somebody as the one who asks."""
    danger: Danger | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class ShownCredential:
    """A sign-in or token."""

    id: Uuid
    kind: CredentialKind
    name: str
    """Purpose of a token, or the browser of a sign-in."""
    scopes: tuple[Scope, ...]
    created: Time
    expires: Time
    seen: Time
    """Time of about the last use."""
    address: str
    """Address of the last use."""
    current: bool
    """True of the one that this request shows."""


@attrs.frozen(kw_only=True)
class CredentialList:
    credentials: tuple[ShownCredential, ...]
    """The newest first."""


@attrs.frozen(kw_only=True)
class TokenWanted:
    name: UserName
    scopes: Few[Scope] = (Scope.READ,)
    days: Days = TOKEN_LIFE
    """Days after which it expires."""


@attrs.frozen(kw_only=True)
class NewToken:
    """A token, which is shown this once."""

    secret: str = attrs.field(repr=False)
    token: ShownCredential


@attrs.frozen(kw_only=True)
class UserWanted:
    name: UserName
    role: Role


@attrs.frozen(kw_only=True)
class UserChange:
    """Change of a user; fields that are left out stay as they are."""

    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    """True to let nobody in as this user: sign-ins end, tokens count no more until it is false."""


@attrs.frozen(kw_only=True)
class UserLink:
    """A user, and the secret of the link by which the person sets a password, once."""

    user: ShownUser
    secret: str = attrs.field(repr=False)
    expires: Time


@attrs.frozen(kw_only=True)
class UserList:
    users: tuple[ShownUser, ...]
