"""A thin HTTP client: what a request costs here must not hide what it costs the Manager."""

import base64
import math
from collections import Counter, defaultdict

import attrs
import msgspec
import trio

MOST = 65536
KEEP_SECONDS = 2.0


def basic(user: str, password: str) -> str:
    """The header of HTTP Basic authentication."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return f"Authorization: Basic {pair}\r\n"


@attrs.define
class Measured:
    """Durations of answers, and errors."""

    times: dict[str, list[float]] = attrs.field(factory=lambda: defaultdict(list))
    """{kind of request: seconds}"""
    errors: Counter[str] = attrs.field(factory=Counter)

    def percentile(self, share: float, kind: str | None = None) -> float:
        """In milliseconds."""
        times = self.times[kind] if kind else [t for each in self.times.values() for t in each]
        return 1000 * sorted(times)[max(0, math.ceil(share * len(times)) - 1)]


@attrs.define(eq=False)
class Client:
    """Sends one request after the other, over one connection if the other end keeps it."""

    host: str
    port: int
    measured: Measured
    headers: str = ""
    keep: bool = False
    address: str | None = None
    """Address of the loopback to come from; None is the usual one."""
    _stream: trio.SocketStream | None = None
    _stale: float = 0.0
    _ended: bool = False
    """True if the other end said that it closes the connection after this answer."""

    async def ask(
        self, method: str, path: str, body: object = None, *, kind: str = "", good: str = "2"
    ) -> tuple[int, bytes]:
        """Status and body. One whose first digit is not ``good`` counts as an error."""
        began = trio.current_time()
        try:
            status, content = await self._ask(method, path, body)
        except (OSError, trio.BrokenResourceError, EOFError) as error:
            await self.close()
            self.measured.errors[f"{kind or path}: {type(error).__name__}"] += 1
            return 0, b""
        self.measured.times[kind or path].append(trio.current_time() - began)
        if str(status)[0] not in good:
            self.measured.errors[f"{kind or path}: {status} {content[:80]!r}"] += 1
        return status, content

    async def _ask(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        content = b"" if body is None else msgspec.json.encode(body)
        kind = "Content-Type: application/json\r\n" if content else ""
        close = "" if self.keep else "Connection: close\r\n"
        head = (
            f"{method} /api/v3/{path} HTTP/1.1\r\nHost: localhost\r\n{self.headers}{kind}{close}"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        if trio.current_time() > self._stale:  # the other end may be about to close it
            await self.close()
        if self._stream is None:
            self._stream = await trio.open_tcp_stream(
                self.host, self.port, local_address=self.address
            )
        await self._stream.send_all(head.encode() + content)
        answer = await self._read()
        if not self.keep or self._ended:
            await self.close()
        self._stale = trio.current_time() + KEEP_SECONDS
        return answer

    async def _read(self) -> tuple[int, bytes]:
        assert self._stream is not None
        buffer = bytearray()
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            buffer += await self._more()
        head = bytes(buffer[:end]).lower().split(b"\r\n")
        self._ended = b"connection: close" in head
        length = next(
            (int(line.split(b":")[1]) for line in head if line.startswith(b"content-length")), 0
        )
        while len(buffer) < end + 4 + length:
            buffer += await self._more()
        return int(head[0].split()[1]), bytes(buffer[end + 4 :])

    async def _more(self) -> bytes:
        assert self._stream is not None
        part = await self._stream.receive_some(MOST)
        if not part:
            raise EOFError
        return bytes(part)

    async def close(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await trio.aclose_forcefully(stream)
