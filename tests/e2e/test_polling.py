"""A real Worker that gets no session from a real Manager, as behind a proxy that lets none pass."""

import os
import signal
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest
import trio

from flamenco.config.worker import WorkerConfig
from flamenco.protocol import PATH
from tests.e2e.running import READY, started, submit
from tests.patience import PATIENCE, until
from tests.servers import serve
from tests.worker.running import worker_process
from tests.worker.test_polling import PACE

NO_SESSION = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def without_sessions(port):
    """The address of a proxy before a Manager at ``port``, which may come and go."""

    async def handle(stream):
        async with stream:
            request = await stream.receive_some()
            if request.startswith(f"GET {PATH} ".encode()):
                await stream.send_all(NO_SESSION)
                return
            manager = await trio.open_tcp_stream("127.0.0.1", port)
            async with manager, trio.open_nursery() as nursery:
                await manager.send_all(request)
                nursery.start_soon(hand_on, stream, manager, nursery.cancel_scope)
                await hand_on(manager, stream, nursery.cancel_scope)

    async def hand_on(source, sink, scope):
        try:
            async for data in source:
                await sink.send_all(data)
        except trio.BrokenResourceError:
            pass
        scope.cancel()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(serve, handle, listener)
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}/"
        nursery.cancel_scope.cancel()


@contextmanager
def manager(storage, port):
    """A Manager's process and its URL; at the end it is killed."""
    options = ("manager", "--storage", storage, "--listen", f"127.0.0.1:{port}")
    with started(*options, "--no-discoverable", log=storage / "manager.log") as process:
        line = process.stdout.readline()
        assert line.startswith(READY)
        yield process, line.removeprefix(READY).strip()
        process.send_signal(signal.SIGKILL)


def tasks_of(url, job_id, status):
    """Number of a job's tasks with this status."""

    async def question():
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
            tasks = (await http.get(f"api/v3/jobs/{job_id}/tasks")).json()["tasks"]
        return [task for task in tasks if task["status"] == status]

    return question


def all_completed(url, job_id):
    async def question():
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
            return (await http.get(f"api/v3/jobs/{job_id}")).json()["status"] == "completed"

    return question


async def attempts(url, job_id):
    """Number of attempts at each task of a job."""
    tasks = await tasks_of(url, job_id, "completed")()
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        found = [await http.get(f"api/v3/tasks/{task['id']}/attempts") for task in tasks]
    return [len(each.json()["attempts"]) for each in found]


@pytest.mark.slow
async def test_a_job_is_done_without_sessions_though_the_manager_is_killed_in_the_middle(tmp_path):
    settings = {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 3}
    with manager(tmp_path, 0) as (process, url):
        port = int(url.rstrip("/").rpartition(":")[2])
        job_id = submit(url, name="job", type="echo-sleep-test", settings=settings)
        async with without_sessions(port) as proxy:
            config = WorkerConfig(name="poller", home=tmp_path / "home", manager_url=proxy)
            async with worker_process(config, PACE) as worker:
                await until(tasks_of(url, job_id, "completed"))
                await until(tasks_of(url, job_id, "active"))
                process.kill()
                process.wait()
                with manager(tmp_path, port):
                    await until(all_completed(url, job_id))
                    assert await attempts(url, job_id) == [1, 1, 1, 1]
                    os.kill(worker.pid, signal.SIGTERM)
                    assert await worker.wait() == 1
