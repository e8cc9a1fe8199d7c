"""The section `auth`: who may use the farm, and for whom somebody else vouches."""

import re
from collections.abc import Mapping
from typing import Annotated

import attrs

from flamenco.config.schema import Flag, SecretText, Text, scalar, texts
from flamenco.model.access import AuthMode, Role
from flamenco.model.reach import is_confidential


def _auth_mode(value: object) -> AuthMode:
    return AuthMode(str(value))


def _issuer(value: object) -> str:
    url = str(value or "")
    if url and (not is_confidential(url) or set(url) & set("?# ")):
        raise ValueError(value)
    return url


_HEADER = re.compile(r"[A-Za-z0-9-]{0,100}")


def _header(value: object) -> str:
    name = str(value or "")
    if not _HEADER.fullmatch(name):
        raise ValueError(value)
    return name


AUTH_MODE = attrs.evolve(scalar("open or users", _auth_mode), write=str)
HEADER = scalar("the name of a header, such as Remote-User", _header)
Header = Annotated[str, HEADER]
ISSUER = scalar("an address that begins with https:// (on this machine also http://)", _issuer)
GROUPS = attrs.evolve(scalar("groups, separated by commas", texts), write=", ".join)
Groups = Annotated[tuple[str, ...], GROUPS]


@attrs.frozen(kw_only=True)
class RolesConfig:
    """The section `auth.roles`: for each role the groups that have it; `*` is everybody."""

    viewer: Groups = ()
    artist: Groups = ()
    wrangler: Groups = ()
    operator: Groups = ()

    @property
    def groups(self) -> Mapping[Role, tuple[str, ...]]:
        """{role: its groups}."""
        return {role: getattr(self, role) for role in Role}


@attrs.frozen(kw_only=True)
class OidcConfig:
    """The section `auth.oidc`: a provider of OpenID Connect by which people sign in."""

    issuer: Annotated[str, ISSUER] = ""
    """Its address, as it calls itself; empty: none."""
    name: Text = "single sign-on"
    """Its name on the button of the page."""
    client_id: Text = "flamenco"
    client_secret: SecretText = attrs.field(default="", repr=False)
    """Secret of the Manager at the provider; empty: it has none (a public client)."""
    scopes: Text = "openid profile"
    name_claim: Text = "preferred_username"
    """Claim with the name of a user."""
    groups_claim: Text = "groups"
    """Claim with the groups of a user: a text, or a list of texts."""


@attrs.frozen(kw_only=True)
class AuthConfig:
    """The section `auth`."""

    mode: Annotated[AuthMode, AUTH_MODE] = AuthMode.OPEN
    approve_workers: Flag = True
    """In the mode `users`: True if a worker that shows neither the registration secret nor a join
    token waits for approval; False: it is refused."""
    roles: RolesConfig = attrs.field(factory=RolesConfig)
    oidc: OidcConfig = attrs.field(factory=OidcConfig)
    trusted_header: Header = ""
    """Header in which a trusted proxy names who asks; empty: none."""
    trusted_groups_header: Header = ""
    """Header in which it names the groups of that one, separated by commas."""
