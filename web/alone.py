"""Shaman on its own: the same operations without a farm, and a document of them."""

import hmac
import logging
import socket
from functools import partial
from typing import cast

import attrs
import trio
from quart import Response
from quart_trio import QuartTrio

from flamenco.config.manager import GarbageCollect
from flamenco.shaman import Shaman, StorageFailed
from web.api import shaman as room
from web.applications import equip
from web.askers import EVERYBODY, note_asker
from web.bodies import Bodies, Most
from web.openapi import document
from web.operations import USUAL_BODY, USUAL_VALUES
from web.room import Room
from web.routing import Places
from web.serving import USUAL, App, FarmResponse, Past, Receive, Scope, Send, serve
from web.shares import Shares
from web.uploads import Uploads, send_answer
from web.wire import encode, failure

logger = logging.getLogger(__name__)

OPERATIONS = tuple(room.routes.declared)
DOCUMENT = "/openapi.json"
FIRST_SECONDS = 30.0
"""Seconds from the start to the first garbage collection."""
NO_TOKEN = "the token of this Shaman is missing or wrong: send it as Authorization: Bearer TOKEN"  # noqa: S105
FOREIGN = "this Shaman takes no requests of web pages"


@attrs.define
class Noted:
    """Records of the checkouts of this run: only one that fails is ever deleted."""

    paths: set[str] = attrs.field(factory=set)

    async def add(self, path: str) -> None:
        self.paths.add(path)

    async def bind(self, path: str, key: str) -> None:
        """Do nothing: there are no submissions."""

    async def remove(self, path: str) -> None:
        self.paths.discard(path)

    async def inside(self, path: str) -> list[str]:
        return [each for each in self.paths if each.startswith(f"{path}/")]


class Alone(QuartTrio):
    """The application."""

    response_class = FarmResponse

    def __init__(self, shaman: Shaman) -> None:
        super().__init__("shaman", static_folder=None)
        self.shaman, self.records = shaman, Noted()
        self.config["MAX_CONTENT_LENGTH"] = self.config["BODY_TIMEOUT"] = None  # web.bodies
        self.config["RESPONSE_TIMEOUT"] = None
        equip(self, OPERATIONS)
        self.add_url_rule(DOCUMENT, "document", _document)


async def _document() -> Response:
    return Response(encode(document(OPERATIONS, "Shaman")), content_type="application/json")


async def serve_shaman(
    shaman: Shaman,
    listener: socket.socket,
    stop: trio.Event,
    *,
    token: str = "",
    garbage: GarbageCollect | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve on a listening socket until ``stop``; with a ``token`` only those who show it."""
    app = Alone(shaman)
    uploads = Uploads(app, OPERATIONS, USUAL.stall)
    large = Places(each for each in OPERATIONS if each.most != USUAL_BODY)

    def most(scope: Scope) -> Most:
        found = large.at(scope)
        return Most(found[0].most, found[0].values) if found else Most(USUAL_BODY, USUAL_VALUES)

    bodies = Bodies(cast("App", app), most, USUAL.body_seconds)
    guarded = Shares(guarding(Past(bodies, uploads.handler), token))
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, guarded, listener, stop, USUAL, Room()))
        if garbage is not None and garbage.period:
            nursery.start_soon(_collect, shaman, garbage)
        task_status.started()
        await stop.wait()
        nursery.cancel_scope.deadline = trio.current_time() + USUAL.grace


def guarding(app: App, token: str) -> App:
    """The application, for those who show a token, unless that is empty; for no web page."""

    async def admit(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        shown = headers.get(b"authorization", b"")
        if b"origin" in headers:
            await send_answer(send, failure(403, FOREIGN))
        elif token and not hmac.compare_digest(shown, b"Bearer " + token.encode()):
            await send_answer(send, failure(401, NO_TOKEN))
        else:
            note_asker(scope, EVERYBODY)
            await app(scope, receive, send)

    return admit


async def _collect(shaman: Shaman, garbage: GarbageCollect) -> None:
    await trio.sleep(FIRST_SECONDS)
    while True:
        try:
            gone = await shaman.collect_garbage(garbage.max_age)
            logger.info("Shaman deleted %d files (%d MiB)", gone.files, gone.size // 2**20)
        except StorageFailed as error:
            logger.warning("Shaman could not collect its garbage: %s", error)
        await trio.sleep(garbage.period)
