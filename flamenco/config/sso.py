"""Keys of the section `auth` about people for whom somebody else vouches."""

import re
from collections.abc import Mapping
from typing import Annotated

import attrs

from flamenco.config.schema import SecretText, Text, scalar, texts
from flamenco.model.access import Role
from flamenco.model.reach import is_confidential


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
