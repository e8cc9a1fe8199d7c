"""Operations that read bodies of any size, bypassing Quart, which would buffer them completely.

Here a client can send no faster than the data is handled (`web.serving.Past`).
"""

from collections.abc import Iterable, Mapping
from functools import partial

import attrs
import trio
from quart_trio import QuartTrio

from web.askers import asker, demand
from web.operations import Operation
from web.routing import Places
from web.serving import App, Receive, Scope, Send
from web.wire import STATUS_OF, Answer, failure, refused


class Gone(Exception):
    """The client has left."""


class Stalled(Exception):
    """The client has stopped sending."""


class Uploads:
    """A server for an application's operations that read their bodies piece by piece."""

    def __init__(self, app: QuartTrio, operations: Iterable[Operation], stall: float) -> None:
        """Serve ``app``'s operations, dropping clients that send nothing for ``stall`` seconds."""
        self._app = app
        self._stall = stall
        self._operations = Places(each for each in operations if each.streams)

    def handler(self, scope: Scope) -> App | None:
        """The handler of a request; None if it is not for such an operation."""
        found = self._operations.at(scope)
        return partial(self._serve, *found) if found else None

    async def _serve(
        self,
        operation: Operation,
        path: Mapping[str, str],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        body = _Body(receive, self._stall)
        try:
            demand(operation.id, asker(scope))
            async with self._app.app_context():
                answer = await operation.serve_stream(path, _headers(scope["headers"]), body.read)
        except Gone:
            return
        except Stalled as error:
            answer = failure(408, str(error))
        except tuple(STATUS_OF) as error:
            answer = refused(error)
        await send_answer(send, answer)


@attrs.define
class _Body:
    """The body of a request, piece by piece."""

    _receive: Receive
    _stall: float
    _ended: bool = False

    async def read(self) -> bytes:
        """The next piece; empty at the end. Raises `Gone`, `Stalled`."""
        while not self._ended:
            with trio.move_on_after(self._stall) as patience:
                message = await self._receive()
            if patience.cancelled_caught:
                raise Stalled(f"no part of the body came for {self._stall:g} s")
            if message["type"] == "http.disconnect":
                raise Gone
            self._ended = not message.get("more_body", False)
            if message.get("body"):
                return bytes(message["body"])
        return b""


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin1").lower(): value.decode("latin1").strip() for name, value in raw}


async def send_answer(send: Send, answer: Answer, kind: str = "http.response") -> None:
    """Send an answer without Quart, as ASGI messages of this kind."""
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": f"{kind}.start", "status": answer.status_code, "headers": headers})
    await send({"type": f"{kind}.body", "body": await answer.get_data()})
