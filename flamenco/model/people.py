"""People of a farm, and the secrets by which they are known: sign-ins, tokens and links."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from flamenco.model.access import Role, Scope

IDLE = timedelta(days=7)
"""Time without a request after which a sign-in is over."""

LIFE = timedelta(days=30)
"""Time after which a sign-in is over, whatever is done in it."""

LINK_LIFE = timedelta(days=2)

TOKEN_LIFE = 365
"""Days after which a token is over, unless another number is asked for."""

SHORTEST_PASSWORD = 10

LONGEST_NAME = 100


@attrs.frozen(kw_only=True)
class User:
    """A person who may use the farm."""

    id: str
    name: str
    role: Role
    password: str = attrs.field(default="", repr=False)
    """Argon2id hash of the password; empty until the person has set one."""
    source: str = ""
    """Voucher for the person, such as the issuer of single sign-on; empty: the password."""
    subject: str = ""
    """Id of the person there, which stays the same."""
    disabled: bool = False
    """True if nobody gets in as this user, until an operator lets it in again."""
    created: datetime

    def can_enter(self, sources: Collection[str]) -> bool:
        """True if the person has a way to sign in, where these vouch for people."""
        known = bool(self.password) or (bool(self.source) and self.source in sources)
        return known and not self.disabled

    def is_of(self, identity: "Identity") -> bool:
        """True if this is the user of a person for whom somebody vouches."""
        return (self.source, self.subject) == (identity.source, identity.subject)


@attrs.frozen(kw_only=True)
class Identity:
    """A person, as somebody else vouches for."""

    source: str
    subject: str
    name: str
    groups: frozenset[str]


PROXY = "proxy"
"""Source of people whom a proxy in front of the Manager names."""

EVERYBODY = "*"
"""Name of a group in which everybody is."""


def role_of(groups: Collection[str], roles: Mapping[Role, Collection[str]]) -> Role | None:
    """The highest role that one of these groups has; None if they have none."""
    held = {EVERYBODY, *groups}
    return next((role for role in reversed(Role) if held.intersection(roles.get(role, ()))), None)


class CredentialKind(StrEnum):
    """Purpose of a secret."""

    SIGN_IN = "sign-in"
    """A browser in which a user has signed in shows it, as a cookie."""
    TOKEN = "token"  # noqa: S105
    """A program shows it, in the name of a user."""
    LINK = "link"
    """Its holder may set the password of a user, once."""


@attrs.frozen(kw_only=True)
class Credential:
    """A secret that stands for a user, of which only the digest is kept."""

    id: str
    user_id: str
    kind: CredentialKind
    digest: str = attrs.field(repr=False)
    """SHA-256 of the secret, which has 256 random bits, in hexadecimal."""
    name: str = ""
    """Purpose of a token, or what the user signed in with."""
    scopes: tuple[Scope, ...] = ()
    """Those of a token; it may do what its user may, as far as they reach."""
    created: datetime
    expires: datetime
    seen: datetime
    """Time of about the last use."""
    address: str = ""
    """Address from which it was last used."""

    @property
    def ends(self) -> datetime:
        """Time at which it is over if it is not used again."""
        idle = self.kind is CredentialKind.SIGN_IN
        return min(self.expires, self.seen + IDLE) if idle else self.expires


def is_last_operator(users: Iterable[User], user_id: str, sources: Collection[str]) -> bool:
    """True if nobody else could run the farm: no other operator can sign in."""
    operators = [user for user in users if user.role is Role.OPERATOR and not user.disabled]
    able = [user.id for user in operators if user.can_enter(sources)] or [
        user.id for user in operators
    ]
    return able == [user_id]
