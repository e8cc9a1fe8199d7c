"""The request log: who asked what, when, from where, and how it was answered. It has no secrets.

Lines wait in memory until a thread has written them, so that no answer waits for a disk.
"""

import logging
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import attrs
import trio

from flamenco import clock
from flamenco.model.bounds import cut
from web.addresses import SECRET
from web.askers import Asker, asker
from web.serving import App, Message, Receive, Scope, Send
from web.wire import encode

logger = logging.getLogger("flamenco.web")

MOST_BYTES = 64 * 2**20
"""Length at which a file is put aside."""
KEPT = 4
"""Number of files that are put aside before the oldest goes."""
MOST_WAITING = 10_000
"""Maximum number of lines in memory; those beyond are lost, and counted."""
GATHER_SECONDS = 1.0
LAST_SECONDS = 5.0
LONGEST_PATH = 1000

_CODES = re.compile(r"(/access/devices/)(?!token$|confirm$)[^/]+")
"""Paths with the code of a device that asks to be let in."""
_SUBMITTERS = re.compile(r"^/as/[^/]*")
"""Paths with the token of a submit address, as they come before it is read from them."""
_STARTS = ("http.response.start", "websocket.http.response.start")
_BODIES = ("http.response.body", "websocket.http.response.body")


@attrs.define
class _Answer:
    """The answer to a request, as it leaves."""

    _send: Send
    status: int = 0
    length: int = 0

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind in _STARTS:
            self.status = message["status"]
        elif kind in _BODIES:
            self.length += len(message.get("body", b""))
        elif kind == "websocket.accept":
            self.status = 101
        await self._send(message)


@attrs.define(eq=False)
class RequestLog:
    """The log in a file, of which a few older ones are kept beside it."""

    _path: Path
    _waiting: list[bytes] = attrs.field(factory=list)
    _lost: int = 0
    _is_failing: bool = False
    _come: trio.Event = attrs.field(factory=trio.Event)

    def noting(self, app: App) -> App:
        """The application, each request of which leaves a line when it is over."""

        async def note(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
                return
            answer, begun = _Answer(send), trio.current_time()
            try:
                await app(scope, receive, answer.send)
            finally:
                self._add(scope, answer, trio.current_time() - begun)

        return note

    async def keep_writing(self) -> None:
        """Write what comes, a second's lines at once, until cancelled; then the rest."""
        try:
            while True:
                await self._come.wait()
                await trio.sleep(GATHER_SECONDS)
                await self._write_all()
        finally:
            with trio.move_on_after(LAST_SECONDS, shield=True):
                await self._write_all()

    def _add(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        line = {
            "at": clock.now(),
            "address": (scope["client"] or ("",))[0],
            "who": _name_of(asker(scope)),
            "method": scope.get("method", "WEBSOCKET"),
            "path": _shown(scope),
            "status": answer.status,
            "bytes": answer.length,
            "ms": round(seconds * 1000, 1),
        }
        self._waiting.append(encode(line) + b"\n")
        self._come.set()

    async def _write_all(self) -> None:
        lines, lost = self._waiting, self._lost
        self._waiting, self._lost, self._come = [], 0, trio.Event()
        if lost:
            lines.append(encode({"at": clock.now(), "lost": lost}) + b"\n")
        if lines:
            await trio.to_thread.run_sync(self._write, lines)

    def _write(self, lines: list[bytes]) -> None:
        try:
            with open(self._path, "ab", opener=_open_own) as file:
                file.write(b"".join(lines))
                length = file.tell()
            if length >= MOST_BYTES:
                self._put_aside()
        except OSError as error:
            if not self._is_failing:
                logger.error("the request log can't be written: %s: %s", self._path, error.strerror)
            self._is_failing = True
            self._lost += len(lines)
        else:
            self._is_failing = False

    def _put_aside(self) -> None:
        """Rename the file, and those before it; the last of them goes."""
        names = [self._path, *(Path(f"{self._path}.{number}") for number in range(1, KEPT + 1))]
        for newer, older in reversed(list(pairwise(names))):
            if newer.exists():
                newer.replace(older)


@asynccontextmanager
async def open_request_log(path: Path | None) -> AsyncIterator[RequestLog | None]:
    """The request log in a file, which is written beside the block; None without a path."""
    if path is None:
        yield None
        return
    log = RequestLog(path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.keep_writing)
        yield log
        nursery.cancel_scope.cancel()


def _open_own(path: str, flags: int) -> int:
    """Open a file that other users of the machine can't read."""
    return os.open(path, flags, 0o600)


def _name_of(who: Asker) -> str:
    if who.worker_id:
        return f"worker {who.worker_id}"
    if who.user is None:
        return ""
    is_token = who.credential is not None and bool(who.credential.scopes)
    return f"{who.user.name}, token" if is_token else who.user.name


def _shown(scope: Scope) -> str:
    """The path without secrets, and without what is asked in it."""
    path = _SUBMITTERS.sub("/as/*", _CODES.sub(r"\1*", scope["path"]))
    return cut(f"/as/*{path}" if SECRET in scope else path, LONGEST_PATH)
