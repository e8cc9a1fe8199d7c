"""The door for people for whom others vouch."""

import hmac
import logging
from typing import TYPE_CHECKING

import attrs
import trio
from werkzeug.datastructures import Headers

from flamenco.access.attempts import Attempts
from flamenco.access.begun import Begun, NotVouched
from flamenco.access.fetching import ProviderTrouble
from flamenco.config.auth import AuthConfig
from flamenco.config.schema import texts
from flamenco.manager.refusals import Conflict
from flamenco.model.access import Role
from flamenco.model.people import LONGEST_NAME, PROXY, Identity, User, role_of
from web.turns import Turns, address

if TYPE_CHECKING:
    from flamenco.access.oidc import Provider

logger = logging.getLogger(__name__)

OUT_SECONDS = 3.0
"""Maximum seconds to learn where a browser signs out elsewhere: it has signed out here already."""


@attrs.define(eq=False)
class SignOnDoor:
    """Where the provider of single sign-on is asked, by few at a time."""

    _config: AuthConfig
    _provider: "Provider | None" = attrs.field(init=False, default=None)
    _attempts: Attempts = attrs.field(factory=Attempts)
    _turns: Turns = attrs.field(factory=Turns)

    def __attrs_post_init__(self) -> None:
        if self._config.oidc.issuer:
            from flamenco.access.oidc import Provider  # its library takes a while to load

            self._provider = Provider(self._config.oidc)

    async def way_in(self, begun: Begun, back: str) -> str:
        """Address to which a browser goes to sign in. Raises `Conflict`, `ProviderTrouble`."""
        return await self._known().way_in(begun, back)

    async def way_out(self, user: User, back: str) -> str:
        """Address to which a browser goes to sign out of single sign-on, too; empty: nowhere."""
        if self._provider is None or user.source != self._config.oidc.issuer:
            return ""
        try:
            with trio.move_on_after(OUT_SECONDS):
                return await self._provider.way_out(back)
        except ProviderTrouble as trouble:
            logger.warning("single sign-on: %s", trouble)
        return ""

    async def enter(self, begun: Begun, state: str, code: str, back: str) -> Identity:
        """The person for whom the provider gave a code, to a browser in the same state.

        Raises `Conflict`, `NotVouched`, `ProviderTrouble`, `TooSoon`, `TooMany`.
        """
        provider, where = self._known(), self._guess()
        try:
            if not begun.secret or not hmac.compare_digest(begun.state.encode(), state.encode()):
                raise NotVouched("this sign-in began in another browser, or long ago: begin anew")
            async with self._turns.turn(address()):
                identity = await provider.identity(begun, code, back)
        except NotVouched as refusal:
            logger.warning("single sign-on: refused %s: %s", address(), refusal)
            raise
        except ProviderTrouble as trouble:  # which is not the fault of who signs in
            self._attempts.succeeded("", where)
            logger.warning("single sign-on: %s", trouble)
            raise
        self._attempts.succeeded("", where)
        return identity

    def named_by_proxy(self, headers: Headers) -> Identity:
        """The person whom a proxy names. Raises `Conflict`, `NotVouched`, `TooSoon`.

        Who else sends these headers loses them on the way here.
        """
        config = self._config
        if not config.trusted_header:
            raise Conflict("no proxy signs people in here: auth.trusted_header names no header")
        where = self._guess()
        name = headers.get(config.trusted_header, "").strip()
        if not 0 < len(name) <= LONGEST_NAME:
            raise NotVouched(f"no trusted proxy has named anybody in {config.trusted_header}")
        self._attempts.succeeded("", where)
        groups = frozenset(texts(_as_utf8(headers.get(config.trusted_groups_header, ""))))
        return Identity(source=PROXY, subject=name, name=_as_utf8(name), groups=groups)

    def role_of(self, identity: Identity) -> Role | None:
        """The role of a person; None if no group has one."""
        return role_of(identity.groups, self._config.roles.groups)

    def _guess(self) -> str:
        """Where a guess comes from, which counts as failed until it is known to be right."""
        where = f"address {address()}"
        self._attempts.begin(where)
        return where

    def _known(self) -> "Provider":
        if self._provider is None:
            raise Conflict("there is no single sign-on here: auth.oidc.issuer names no provider")
        return self._provider


def _as_utf8(header: str) -> str:
    """A header as it was meant: HTTP has it in Latin-1, and most who write it in UTF-8."""
    try:
        return header.encode("latin1").decode()
    except UnicodeError:
        return header


def naming_headers(config: AuthConfig) -> frozenset[bytes]:
    """Headers, in lower case, in which only a trusted proxy names people."""
    names = (config.trusted_header, config.trusted_groups_header)
    return frozenset(each.lower().encode() for each in names if each)
