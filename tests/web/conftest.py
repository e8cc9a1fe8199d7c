"""A Manager's edge on a real loopback socket."""

import socket
from pathlib import Path

import attrs
import httpx
import pytest
import trio

from flamenco.config.manager import ManagerConfig
from flamenco.manager.farm import open_farm
from web.server import serve_farm

JOB = {
    "name": "job",
    "type": "echo-sleep-test",
    "submitter_platform": "linux",
    "settings": {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 1},
}


@attrs.frozen
class Edge:
    """Where a farm is reached, and what stops its server."""

    url: str
    http: httpx.AsyncClient
    stop: trio.Event
    storage: Path

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws") + "/api/v3"


@pytest.fixture
async def edge(tmp_path):
    config = ManagerConfig()
    stop = trio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            open_farm(config, config.paths(tmp_path)) as farm,
            trio.open_nursery() as nursery,
            httpx.AsyncClient(base_url=url, timeout=20) as http,
        ):
            await nursery.start(serve_farm, farm, listener, stop)
            yield Edge(url, http, stop, tmp_path)
            stop.set()


async def until(question) -> None:
    """Wait until a question is answered with yes."""
    with trio.fail_after(10):
        while True:
            if await question():
                return
            await trio.sleep(0.02)
