"""The other end of a worker session on a real socket, at the test's command.

It registers workers, takes pictures, and hands each session to the test, which speaks for the
Manager with `flamenco.protocol`.
"""

import base64
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import h11
import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from flamenco import protocol
from flamenco.api.pictures import FramePicture
from flamenco.model.jobs import Command
from flamenco.model.statuses import WorkerStatus
from flamenco.proofs import Exchange, farm_key, new_nonce, worker_key
from flamenco.protocol import (
    Acknowledge,
    Assign,
    HeldLease,
    Hello,
    Report,
    RequestStatus,
    StateChanged,
    Welcome,
)
from tests.patience import PATIENCE
from tests.servers import serve
from web.serving import MAX_MESSAGE_BYTES

TICKET = "let me in"


@attrs.frozen
class Preview:
    path: str
    content_type: str
    length: int
    body: bytes


@attrs.define
class Replay(trio.abc.Stream):
    """A stream whose first bytes were read already."""

    stream: trio.SocketStream
    seen: bytes

    async def send_all(self, data):
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self):
        await self.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes=None):
        if self.seen:
            seen, self.seen = self.seen, b""
            return seen
        return await self.stream.receive_some(max_bytes)

    async def aclose(self):
        await self.stream.aclose()


@attrs.define(eq=False)
class FakeSession:
    """One session of a worker, as the Manager holds it."""

    socket: WebSocketConnection
    hello: Hello
    over: trio.Event = attrs.field(factory=trio.Event)
    seqs: list[int] = attrs.field(factory=list)

    async def send(self, message, seq=None):
        await self.socket.send_message(protocol.encode(message, seq))

    async def welcome(self, status=WorkerStatus.AWAKE, leases=None, heartbeat=60.0):
        await self.send(
            Welcome(
                status_requested=status,
                leases=self.hello.leases if leases is None else leases,
                heartbeat_seconds=heartbeat,
                ticket=TICKET,
            )
        )

    async def receive(self):
        """The next message and its number; not acknowledged."""
        with trio.fail_after(PATIENCE):
            message, seq = protocol.decode(await self.socket.get_message())
        if seq is not None:
            self.seqs.append(seq)
        return message, seq

    async def next(self, kind, refused=None):
        """The next message, acknowledged if it is reliable, which must be of this kind."""
        message, seq = await self.receive()
        assert isinstance(message, kind), f"expected {kind.__name__}, got {message}"
        if seq is not None:
            await self.send(Acknowledge(seq, refused))
        return message

    async def until(self, wanted):
        """Acknowledge messages up to the first that ``wanted`` accepts; returns all of them."""
        found = []
        while not found or not wanted(found[-1]):
            found.append(await self.next(object))
        return found

    async def ask(self, status, *, lazy=False):
        """Request a status."""
        await self.send(RequestStatus(status, lazy))

    async def wake(self):
        """Welcome the worker and see it awake."""
        await self.welcome()
        assert await self.next(StateChanged) == StateChanged(WorkerStatus.AWAKE)

    async def outcome(self):
        """Acknowledge everything up to the end of a task; returns its last report and log."""
        found = await self.until(
            lambda m: isinstance(m, Report) and m.status in ("completed", "failed", "queued")
        )
        text = "".join(m.log or "" for m in found if isinstance(m, Report))
        return found[-1], text

    async def closed(self):
        """Read on until the worker closes the session."""
        with trio.fail_after(PATIENCE):
            try:
                while True:
                    await self.socket.get_message()
            except ConnectionClosed:
                return

    def cut(self):
        """End the connection without a word, as a broken network does."""
        self.over.set()


class FakeManager:
    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"
        self.registrations = []
        self.known = {}
        self.registration_secret = None
        self.keys = {}
        """{id of a worker that has registered in a session: its key}."""
        self.knows_proofs = True
        self.addresses = []
        self.variables = {}
        self.storage = ""
        self.previews_in, self.previews = trio.open_memory_channel(math.inf)
        self.pictures_in, self.pictures = trio.open_memory_channel(math.inf)
        self._sessions_in, self._sessions = trio.open_memory_channel(math.inf)

    async def session(self):
        """The next session a worker opens."""
        with trio.fail_after(PATIENCE):
            return await self._sessions.receive()

    async def serve(self, stream):
        seen = await stream.receive_some()
        if seen.startswith(b"GET " + protocol.PATH.encode()):
            await self._serve_session(Replay(stream, seen))
        else:
            await self._serve_http(stream, seen)

    async def _serve_session(self, stream):
        async with trio.open_nursery() as nursery:
            request = await wrap_server_stream(nursery, stream, max_message_size=MAX_MESSAGE_BYTES)
            shown = dict(request.headers).get(b"authorization", b"")
            if not self._knows(shown) and (shown or not self.knows_proofs):
                await request.reject(401)
                nursery.cancel_scope.cancel()
                return
            socket = await request.accept()
            if not shown and not await self._meet(socket):
                nursery.cancel_scope.cancel()
                return
            hello, _ = protocol.decode(await socket.get_message())
            session = FakeSession(socket, hello)
            self._sessions_in.send_nowait(session)
            await session.over.wait()
            nursery.cancel_scope.cancel()
        await trio.aclose_forcefully(stream)

    async def _meet(self, socket):
        """The handshake of a worker; returns True if it may go on."""
        said, _ = protocol.decode(await socket.get_message())
        self.addresses.append(said.address)
        if said.worker_id in self.known:
            key = worker_key(self.known[said.worker_id])
        elif said.worker_id in self.keys:
            key = self.keys[said.worker_id]
        elif self.registration_secret and not said.worker_id:
            key = farm_key(self.registration_secret)
        else:
            code = protocol.NOT_KNOWN if said.worker_id else protocol.NO_KEY
            await socket.aclose(code, "it is not known")
            return False
        exchange = Exchange(
            worker_id=said.worker_id,
            address=said.address,
            worker_nonce=said.nonce,
            manager_nonce=new_nonce(),
        )
        challenge = protocol.Challenge(
            nonce=exchange.manager_nonce, proof=exchange.managers_proof(key)
        )
        await socket.send_message(protocol.encode(challenge))
        answer, _ = protocol.decode(await socket.get_message())
        assert answer.proof == exchange.workers_proof(key, getattr(answer, "key", ""))
        if isinstance(answer, protocol.Register):
            self.registrations.append(answer)
            worker_id = f"worker-{len(self.registrations)}"
            self.keys[worker_id] = bytes.fromhex(answer.key)
            await socket.send_message(protocol.encode(protocol.Registered(worker_id)))
            return False
        return True

    def _knows(self, authorization):
        if authorization == b"Bearer " + TICKET.encode():
            return True
        name, _, secret = base64.b64decode(authorization.removeprefix(b"Basic ")).partition(b":")
        return name and self.known.get(name.decode()) == secret.decode()

    async def _serve_http(self, stream, seen):
        if not seen:
            return
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(seen)
        body = b""
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
        status, answer = self._answer(request, body)
        headers = [("content-length", str(len(answer))), ("connection", "close")]
        response = h11.Response(status_code=status, headers=headers)
        await stream.send_all(
            connection.send(response) + (connection.send(h11.Data(answer)) or b"")
        )
        await stream.aclose()

    def _answer(self, request, body):
        path, headers = request.target.decode(), dict(request.headers)
        if path == "/api/v3/worker/state":
            return (204 if self._knows(headers.get(b"authorization", b"")) else 403), b""
        if request.method == b"GET":
            return self._tell(path)
        if path == "/api/v3/worker/register-worker":
            asked = json.loads(body)
            if asked.get("registration_secret") != self.registration_secret:
                return 403, b'{"message": "no"}'
            self.registrations.append(asked)
            uuid = f"worker-{len(self.registrations)}"
            self.known[uuid] = self.registrations[-1]["secret"]
            return 200, json.dumps({"uuid": uuid}).encode()
        assert self._knows(headers[b"authorization"])
        if path.endswith("/picture"):
            self.pictures_in.send_nowait((path, msgspec.json.decode(body, type=FramePicture)))
            return 204, b""
        if not path.endswith("/output-produced"):
            return 404, b"{}"
        kind, length = headers[b"content-type"].decode(), int(headers[b"content-length"])
        self.previews_in.send_nowait(Preview(path, kind, length, body))
        return 202, b""

    def _tell(self, path):
        """Answers to requests that everybody may make."""
        answers = {
            "/api/v3/version": {
                "version": "1.0",
                "shortversion": "1.0",
                "name": "Fake",
                "git": "0",
            },
            "/api/v3/configuration/variables/workers/linux": {
                name: {"value": value, "is_twoway": False} for name, value in self.variables.items()
            },
            "/api/v3/configuration/shared-storage/workers/linux": {
                "location": self.storage,
                "audience": "workers",
                "platform": "linux",
                "shamanEnabled": False,
            },
        }
        return (200, json.dumps(answers[path]).encode()) if path in answers else (404, b"{}")


@asynccontextmanager
async def open_manager(port=0) -> AsyncIterator[FakeManager]:
    """A fake Manager on a free port of the loopback, or on the one given."""
    (listener,) = await trio.open_tcp_listeners(port, host="127.0.0.1")
    manager = FakeManager(listener.socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, manager.serve, listener)
        yield manager
        nursery.cancel_scope.cancel()


def task(*commands, task_id="task-1", lease=1, name="render", steps_total=1):
    """A task to assign; each command is a tuple of name, parameters and step count."""
    return Assign(
        task_id=task_id,
        lease=lease,
        job_id="job-1",
        name=name,
        job_type="test",
        task_type="misc",
        priority=50,
        job_priority=50,
        commands=tuple(Command(*command) for command in commands),
        steps_total=steps_total,
    )


def held(assign):
    return HeldLease(assign.task_id, assign.lease)
