"""The gate, through which every request and WebSocket comes while it matters who asks.

It looks at credentials before anything else of a request is. Whether who asks may do it is decided
where the operation is known, by the table of `flamenco.model.access`.
"""

import re
import socket
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

import attrs
from werkzeug.datastructures import Authorization

import actors
from flamenco import clock, protocol
from flamenco.access.secrets import digest_of
from flamenco.discovery.ssdp import DESCRIPTION_PATH
from flamenco.manager.farm import Farm
from flamenco.manager.people import SEEN_AGAIN, Used
from flamenco.model.access import (
    OF_WAITING,
    OF_WORKERS,
    PERMISSIONS_OF,
    AuthMode,
    of_token,
)
from flamenco.model.people import PROXY, CredentialKind
from flamenco.store import holder_of
from web.addresses import PATH_SCOPES, SECRET
from web.askers import EVERYBODY, NOBODY, Asker, Forbidden, Unknown, note_asker
from web.auth import BadCredentials, WorkerDoor
from web.serving import App, Receive, Scope, Send
from web.uploads import send_answer
from web.wire import STATUS_OF, refused

Headers = Mapping[bytes, bytes]

READING = ("GET", "HEAD")
OURS = ("basic", "bearer")
"""Kinds of credentials that count here."""
_PAGES = re.compile(
    r"/|/app(/.*)?|/favicon\.\w+|/extensions/.*|/flamenco3?-addon\.zip|"
    + re.escape(DESCRIPTION_PATH)
)
"""Paths of the page and the add-on, which have no secrets."""


@attrs.define(eq=False)
class Gate:
    """The gate of one farm."""

    _farm: Farm
    _door: WorkerDoor
    _cookie: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._cookie = cookie_name(self._farm)

    @property
    def is_open(self) -> bool:
        """True if whoever reaches the Manager may use it."""
        return self._farm.services.config.auth.mode is AuthMode.OPEN

    def guarding(self, app: App, visited: frozenset[tuple[str, str]]) -> App:
        """An application whose requests say who makes them.

        Nothing is asked of those who ``visited`` these methods and paths.
        """

        async def admit(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
                return
            try:
                who = await self._asker(scope, visited)
            except tuple(STATUS_OF) as error:
                is_http = scope["type"] == "http"
                kind = "http.response" if is_http else "websocket.http.response"
                await send_answer(send, refused(error), kind)
                return
            note_asker(scope, who)
            await app(scope, receive, send)

        return admit

    async def _asker(self, scope: Scope, visited: frozenset[tuple[str, str]]) -> Asker:
        """The one who makes a request. Raises `Unknown`, `Forbidden`, `TooMany`."""
        if self.is_open:
            return EVERYBODY
        place = (scope.get("method", ""), scope["path"])
        free = place in visited or scope["path"] == protocol.PATH or is_page(scope["path"])
        try:
            who = await self._known(scope)
        except Unknown:
            who = NOBODY
        if who is NOBODY and not free:
            raise Unknown
        return who

    async def _known(self, scope: Scope) -> Asker:
        headers: Headers = dict(scope["headers"])
        host = (scope["client"] or ("",))[0]
        if SECRET in scope:
            who = await self._holder(scope[SECRET], CredentialKind.TOKEN, host)
            if who.credential is None or not PATH_SCOPES.issuperset(who.credential.scopes):
                raise Unknown
            return who
        given = headers.get(b"authorization")
        if given is not None:
            shown = Authorization.from_header(given.decode("latin1"))
            if shown is None or shown.type in OURS:  # others are a proxy's
                return await self._shown(shown, host)
        secret = secret_in(headers, self._cookie)
        if secret is None:
            return NOBODY
        who = await self._holder(secret, CredentialKind.SIGN_IN, host)
        self._check_named(who, headers)
        if scope.get("method", "GET") not in READING and not _is_told_origin(headers):
            raise Forbidden("a browser tells which page a change comes from, and this one has not")
        return who

    def _check_named(self, who: Asker, headers: Headers) -> None:
        """Raises `Unknown` unless a proxy still names the one whom it has signed in."""
        header = self._farm.services.config.auth.trusted_header
        if header and who.user is not None and who.user.source == PROXY:
            named = headers.get(header.lower().encode(), b"").decode("latin1").strip()
            if named != who.user.subject:
                raise Unknown

    async def _shown(self, shown: Authorization | None, host: str) -> Asker:
        """The one who shows a token, or the credentials or ticket of a worker."""
        try:
            if shown is not None and shown.type == "basic":
                return await self._worker((await self._door.admit(shown, host)).name)
            if shown is not None and shown.type == "bearer" and shown.token:
                worker_id = self._door.with_ticket(shown.token)
                if worker_id is not None:
                    return await self._worker(worker_id)
                return await self._holder(shown.token, CredentialKind.TOKEN, host)
        except (BadCredentials, actors.ActorStopped):
            pass
        raise Unknown

    async def _worker(self, worker_id: str) -> Asker:
        waits = await self._door.awaits_approval(worker_id)
        return Asker(OF_WAITING if waits else OF_WORKERS, worker_id=worker_id)

    async def _holder(self, secret: str, kind: CredentialKind, host: str) -> Asker:
        digest, now = digest_of(secret), clock.now()
        found = await self._farm.services.reader.look(lambda db: holder_of(db, digest))
        if found is None or found.credential.kind is not kind or found.credential.ends <= now:
            raise Unknown
        user, credential = found.user, found.credential
        if user.disabled:
            raise Unknown
        if now - credential.seen >= SEEN_AGAIN:
            self._farm.people.tell(Used(credential.id, now, host))
        is_token = kind is CredentialKind.TOKEN
        held = of_token(user.role, credential.scopes) if is_token else PERMISSIONS_OF[user.role]
        return Asker(held, user, credential)


def cookie_name(farm: Farm) -> str:
    """Name of the cookie of a sign-in, for each farm another one.

    A browser keeps one cookie of a name for all ports of a machine.
    """
    place = f"{socket.gethostname()} {farm.services.paths.database}"
    return f"flamenco_{digest_of(place)[:12]}"


def is_page(path: str) -> bool:
    """True for a file of the page, or the add-on."""
    return _PAGES.fullmatch(path) is not None


def secret_in(headers: Headers, cookie: str) -> str | None:
    """The secret in the cookie of a sign-in."""
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin1"))
    except CookieError:
        return None
    found = cookies.get(cookie)
    return found.value if found else None


def _is_told_origin(headers: Headers) -> bool:
    """True if a browser says where a request is from, which was checked by `web.origins`."""
    return b"sec-fetch-site" in headers or b"origin" in headers
