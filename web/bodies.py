"""Bodies of requests, taken in before the application sees the request.

Each operation has a limit, and all bodies that are under way have a budget of memory, of which one
client gets a part: so large bodies, slow ones and those that grow when they are read (`[],[],`)
are refused to who sends them, and nobody else notices. Small ones always have room.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
import trio

from web.refusing import Refused
from web.serving import App, Message, Receive, Scope, Send
from web.uploads import Gone, send_answer
from web.wire import failure

SMALL = 64 * 2**10
"""Number of bytes that need no room."""

VALUE_BYTES = 64
"""Approximate memory of a value that is read from JSON."""

LONGEST_LENGTH = 20
"""Digits of a length from which on nobody means it."""

FEW_QUOTES = 20_000
"""Maximum number of quotation marks where what stands between them is looked for."""

_JSON = re.compile(rb"\s*[\[{]")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A text; one that is not closed goes to the end, so that nothing is looked at twice."""


@attrs.frozen
class Most:
    """The limits of a request's body."""

    size: int
    """Bytes."""
    values: int
    """Values, if it is JSON."""


class TooLarge(Exception):
    """A body that is refused, whoever sends it."""


class NoRoom(Exception):
    """A body that may come again when others are done."""


@attrs.define(eq=False)
class Budget:
    """Memory for the bodies of all requests that are under way, in bytes."""

    total: int = 256 * 2**20
    of_client: int = 64 * 2**20
    _taken: Counter[str] = attrs.field(factory=Counter)

    @contextmanager
    def share(self, client: str) -> Iterator["Share"]:
        """The share of one request, which is given back."""
        share = Share(self, client)
        try:
            yield share
        finally:
            self._taken[client] -= share.taken
            if not self._taken[client]:
                del self._taken[client]

    @property
    def taken(self) -> int:
        return self._taken.total()

    def take(self, client: str, amount: int) -> None:
        """Take more memory for a client. Raises `NoRoom`."""
        if self._taken[client] + amount > self.of_client or self.taken + amount > self.total:
            raise NoRoom("requests that are under way have too many bytes already")
        self._taken[client] += amount


@attrs.define
class Share:
    """Memory for the body of one request."""

    _budget: Budget
    _client: str
    taken: int = 0

    def hold(self, size: int) -> None:
        """Take what is needed to hold so many bytes. Raises `NoRoom`, `TooLarge`."""
        if size > self._budget.of_client:
            raise TooLarge("the body has too many values")
        more = size - self.taken if size > SMALL else 0
        if more > 0:
            self._budget.take(self._client, more)
            self.taken += more


def size_read(body: bytearray) -> int:
    """Approximate memory that a body needs when it is read."""
    if not _JSON.match(body):
        return len(body)
    return len(body) + VALUE_BYTES * _marks(body)


def check_values(body: bytearray, most: int) -> None:
    """Check the number of values in a body, if it is JSON, before it is read. Raises `TooLarge`.

    Texts may hold as many commas and brackets as they like, if there are not very many texts.
    """
    values = _marks(body) if _JSON.match(body) else 0
    if values > most and body.count(b'"') <= FEW_QUOTES:
        values = _marks(_STRING.sub(b"", body))
    if values > most:
        raise TooLarge(f"expected a body of at most {most} values, got about {values}")


def _marks(body: bytes | bytearray) -> int:
    return sum(map(body.count, (b",", b"[", b"{")))


@attrs.frozen
class Bodies:
    """An application that gets each body as a whole, or not at all; else it is told why."""

    app: App
    most: Callable[[Scope], Most]
    """Function that returns the limits of a request's body."""
    seconds: float
    """Time for a body to arrive completely."""
    budget: Budget = attrs.field(factory=Budget)

    def refused_by_head(self, scope: Scope) -> Refused | None:
        """Refusal of a body that is too long by what its head says; None if it is not."""
        announced = _announced(scope)
        most = self.most(scope).size if announced else 0
        return Refused(413, _too_long(most)) if announced > most else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        with self.budget.share((scope["client"] or ("",))[0]) as share:
            try:
                with trio.fail_after(self.seconds):
                    body = await self._taken_in(scope, receive, share)
            except Gone:
                return
            except trio.TooSlowError:
                answer = failure(408, f"the body did not arrive within {self.seconds:g} s")
            except TooLarge as error:
                answer = failure(413, str(error))
            except NoRoom as error:
                answer = failure(503, str(error))
            else:
                await self.app(scope, _given(body, receive), send)
                return
            await send_answer(send, answer)

    async def _taken_in(self, scope: Scope, receive: Receive, share: Share) -> bytearray:
        """The whole body. Raises `Gone`, `TooLarge`, `NoRoom`."""
        most, size, body, more = self.most(scope), _announced(scope), bytearray(), True
        while more and size <= most.size:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            body += message.get("body", b"")
            more = message.get("more_body", False)
            size = max(size, len(body))
            share.hold(len(body))
        if size > most.size:
            raise TooLarge(_too_long(most.size))
        check_values(body, most.values)
        share.hold(size_read(body))
        return body


def _too_long(most: int) -> str:
    return f"expected a body of at most {most} bytes"


def _has_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names or b"transfer-encoding" in names


def _announced(scope: Scope) -> int:
    """The length that a request has announced; 0 if it has not."""
    lengths = (value for name, value in scope["headers"] if name == b"content-length")
    length = next(lengths, b"0")
    return int(length) if length.isdigit() and len(length) < LONGEST_LENGTH else 0


def _given(body: bytearray, receive: Receive) -> Receive:
    """A function that returns the whole body first."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_given() -> Message:
        return given.pop() if given else await receive()

    return receive_given
