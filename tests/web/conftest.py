"""A Manager's edge on a real loopback socket."""

import gc
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import httpx
import msgspec
import pytest
import trio

from flamenco.api.meta import Error, SecurityError
from flamenco.config.installation import Installation
from flamenco.config.manager import FILE_NAME, ManagerConfig
from flamenco.manager.farm import Farm, open_farm
from tests.compiling import in_this_process
from tests.patience import PATIENCE
from tests.web.people import USERS, people_at
from web.operations import API, members
from web.server import ROOMS, serve_farm
from web.serving import USUAL
from web.wire import JSON, PLAIN

JOB = {
    "name": "job",
    "type": "echo-sleep-test",
    "submitter_platform": "linux",
    "settings": {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 1},
}


OPERATIONS = [
    (each.method, re.compile(API + re.sub(r"<.+?>", "[^/]+", each.path)), each)
    for each in sorted(
        (each for room in ROOMS for each in room.routes.declared), key=lambda each: "<" in each.path
    )
]


async def check_declared(response: httpx.Response) -> None:
    """Every answer to every test is one that the operation declares."""
    method, path = response.request.method, response.request.url.path
    fits = [each for _, rule, each in OPERATIONS if rule.fullmatch(path)]
    exact = (each for each in fits if each.path == fits[0].path and each.method == method)
    operation = next(exact, None)
    if operation is None:
        return
    code, content = response.status_code, await response.aread()
    assert code in operation.answers or code in operation.errors, f"{operation.id}: {code}"
    kind = operation.answers.get(code, Error)
    if code in operation.answers:
        sent = {PLAIN.get(each, JSON): each for each in members(kind)}
        if not sent:
            assert not content
            assert "content-type" not in response.headers
            assert code != 204 or "content-length" not in response.headers
            return
        kind = sent[response.headers["content-type"]]
    if kind not in PLAIN:
        msgspec.json.decode(content, type=SecurityError if code == 403 else kind)


USUAL_CONFIG = ManagerConfig()
CHECKED = {"response": [check_declared]}
CERTIFICATES = ssl.create_default_context()
"""Read once: reading them takes longer than most tests."""


@attrs.frozen
class Edge:
    """Where a farm is reached, and what stops its server."""

    url: str
    http: httpx.AsyncClient
    stop: trio.Event
    storage: Path
    token: str
    """The operator's."""
    farm: Farm

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws") + "/api/v3"


@asynccontextmanager
async def edge_at(
    folder,
    config=USUAL_CONFIG,
    limits=USUAL,
    port=0,
    compiling=in_this_process,
    installation=None,
    around=None,
    tls=None,
    certificates=CERTIFICATES,
) -> AsyncIterator[Edge]:
    """A Manager's edge, its files in a folder; port 0 is any free one."""
    stop = trio.Event()
    with socket.create_server(("127.0.0.1", port)) as listener:
        scheme = "http" if tls is None else "https"
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            open_farm(
                config,
                config.paths(folder),
                compiling=compiling,
                installation=installation,
                around=around,
            ) as farm,
            trio.open_nursery() as nursery,
            httpx.AsyncClient(
                base_url=url, timeout=PATIENCE, event_hooks=CHECKED, verify=certificates
            ) as http,
        ):
            await nursery.start(partial(serve_farm, farm, listener, stop, limits=limits, tls=tls))
            yield Edge(url, http, stop, folder, farm.services.file.token, farm)
            stop.set()


@pytest.fixture(scope="module")
def leftovers():
    """Collect the garbage of a module that ignores unclosed sockets before another one begins."""
    yield
    gc.collect()


@asynccontextmanager
async def first_run_at(folder, config=USUAL_CONFIG) -> AsyncIterator[Edge]:
    """A Manager's edge, which waits to be set up."""
    installation = Installation(file=folder / FILE_NAME, storage=folder, assist=True)
    async with edge_at(folder, config, installation=installation) as edge:
        yield edge


@pytest.fixture
async def edge(tmp_path):
    async with edge_at(tmp_path) as edge:
        yield edge


@pytest.fixture
async def people(tmp_path):
    """A user of each role, in a farm in which it matters who asks."""
    async with edge_at(tmp_path, USERS) as edge:
        yield await people_at(edge)


async def call(edge: Edge, method: str, path: str, body=None, status: int = 200, auth=None):
    """The Manager's answer, which has to have this status."""
    answer = await edge.http.request(method, f"{API}/{path}", json=body, auth=auth)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None
