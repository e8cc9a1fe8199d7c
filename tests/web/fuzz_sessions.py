"""Says in worker sessions what may be said and what may not, and looks that nobody else suffers.

By hand, against a Manager of its own, `python -m tests.web.fuzz_sessions [--examples N] [--seed N]`
goes on for as long as you like.
"""

import argparse
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import hypothesis
import pytest
import trio
import trio_websocket
from hypothesis import strategies as st
from msgspec import inspect

from flamenco import protocol
from flamenco.model.bounds import Count
from tests.bounded import ANYTHING, values
from tests.e2e.running import running_manager
from tests.patience import PATIENCE
from tests.web.conftest import JOB
from tests.web.test_edge import SECRET, credentials

BAD_NEWS = ("Traceback", "could not be stored", "crashed")
"""Words that a Manager's log has only if something went wrong in it."""

Said = tuple[str, Any, Any, bool]
"""Type, body and number of a message; True if it is about the task that the worker holds."""

MESSAGES: st.SearchStrategy[Said] = st.one_of(
    *(
        st.tuples(
            st.just(name),
            values(inspect.type_info(kind)),
            st.just("next") | st.none() | values(inspect.type_info(Count)),
            st.booleans(),
        )
        for name, kind in protocol.TYPES.items()
    ),
    st.tuples(st.text("abc", max_size=9), ANYTHING, st.just("next"), st.booleans()),
)


@attrs.frozen
class Talk:
    """A worker's end of a session."""

    socket: trio_websocket.WebSocketConnection

    async def say(self, kind: str, body: Any, seq: Any = None) -> str:
        text = json.dumps({"type": kind, "body": body, "seq": seq})
        await self.socket.send_message(text)
        return text

    async def hear(self) -> protocol.Message:
        with trio.fail_after(PATIENCE):
            return protocol.decode(await self.socket.get_message())[0]

    async def until(self, kind: type) -> Any:
        while not isinstance(message := await self.hear(), kind):
            pass
        return message

    async def wake(self, seq: int, task_type: str) -> None:
        hello = {"name": "w", "software_version": "4", "task_types": [task_type]}
        await self.say("hello", hello)
        await self.until(protocol.Welcome)
        await self.is_heard(seq)

    async def is_heard(self, seq: int) -> None:
        """Say something that is right, and wait for its acknowledgement."""
        await self.say("state-changed", {"status": "awake"}, seq)
        while (await self.until(protocol.Acknowledge)).seq != seq:
            pass


@attrs.define
class Target:
    """A Manager, and a worker that has nothing to do with what is said."""

    http: httpx.Client
    log: Path
    bystander: str = attrs.field(init=False)
    _seq: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.bystander = self.register()

    def register(self) -> str:
        types = {"supported_task_types": ["misc"]}
        worker = {"name": "w", "secret": SECRET, "platform": "linux"} | types
        answer = self.http.post("/api/v3/worker/register-worker", json=worker)
        return answer.raise_for_status().json()["uuid"]

    def probe(self, examples: int, seed: int) -> None:
        """Fails if a message is not answered as the protocol says, or somebody else suffers."""

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(st.lists(MESSAGES, min_size=1, max_size=12))
        def converse(said: Sequence[Said]) -> None:
            job = self.http.post("/api/v3/jobs", json=JOB | {"priority": 100}).json()
            trio.run(self._converse, self.register(), said)
            status = self.http.get(f"/api/v3/jobs/{job['id']}").raise_for_status().json()["status"]
            assert status in ("active", "queued", "failed", "completed")
            self.http.delete(f"/api/v3/jobs/{job['id']}")

        converse()
        log = self.log.read_text()
        assert not any(word in log for word in BAD_NEWS), log

    async def _converse(self, worker: str, said: Sequence[Said]) -> None:
        async with self._session(self.bystander) as other:
            await other.wake(self._next(), "other")
            async with self._session(worker) as talk:
                await talk.wake(self._next(), "misc")
                task = await talk.until(protocol.Assign)
                await self._say_all(talk, task, said)
            await other.is_heard(self._next())

    async def _say_all(self, talk: Talk, task: protocol.Assign, said: Sequence[Said]) -> None:
        """Say it all: each reliable message is acknowledged, and what is no message ends it."""
        waiting: dict[int, bool] = {}  # {number: whether it may count}
        ends = False
        for kind, body, number, is_about in said:
            if is_about and isinstance(body, dict) and "task_id" in body:
                body = body | {"task_id": task.task_id, "lease": task.lease}  # noqa: PLW2901
            text = await talk.say(kind, body, self._next() if number == "next" else number)
            try:
                message, seq = protocol.decode(text, protocol.FROM_WORKER)
                if seq is not None and not isinstance(message, protocol.Heartbeat):
                    waiting[seq] = True
            except protocol.ProtocolError as error:
                if error.seq is None:
                    ends = True
                    break
                waiting[error.seq] = False
        while waiting and not ends:
            heard = await talk.until(protocol.Acknowledge)
            assert waiting.pop(heard.seq, True) or heard.refused, heard
        if ends:
            with pytest.raises(trio_websocket.ConnectionClosed) as closed:
                while True:
                    await talk.hear()
            assert closed.value.reason.code == 1002, closed.value.reason

    @asynccontextmanager
    async def _session(self, worker: str) -> AsyncIterator[Talk]:
        url = str(self.http.base_url).replace("http", "ws", 1).rstrip("/") + protocol.PATH
        login = credentials(worker)
        async with trio_websocket.open_websocket_url(url, extra_headers=login) as socket:
            yield Talk(socket)

    def _next(self) -> int:
        self._seq += 1
        return self._seq


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """A Manager in a process of its own, its files in a folder."""
    with running_manager(folder) as url, httpx.Client(base_url=url, timeout=PATIENCE) as http:
        yield Target(http, folder / "manager.log")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as manager:
        manager.probe(options.examples, options.seed)


if __name__ == "__main__":
    main()
