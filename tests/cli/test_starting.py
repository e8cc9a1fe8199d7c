"""A Manager listens first: who asks while it is loading is told to come again."""

from contextlib import asynccontextmanager

import httpx
import pytest
import trio

from flamenco import protocol
from flamenco.cli import manager as command
from flamenco.cli.manager import run_manager
from flamenco.config.installation import Installation
from flamenco.manager.farm import open_farm
from tests.patience import PATIENCE, until


@pytest.fixture
def loading(monkeypatch):
    """A Manager that loads until this is set."""
    loaded = trio.Event()

    @asynccontextmanager
    async def open_large(*arguments, **options):
        await loaded.wait()
        async with open_farm(*arguments, **options) as farm:
            yield farm

    monkeypatch.setattr(command, "open_farm", open_large)
    return loaded


@pytest.fixture
async def url(tmp_path, nursery, monkeypatch):
    """The address of a Manager that begins to start."""
    bound, bind = [], command.bind
    monkeypatch.setattr(command, "bind", lambda address: bound.append(bind(address)) or bound[0])
    file = tmp_path / "flamenco-manager.yaml"
    listen = {"listen": "127.0.0.1:0", "discoverable": False}
    nursery.start_soon(run_manager, Installation(file=file, storage=tmp_path, **listen))
    (listener,) = await until(lambda: bound)
    return command.url_of(listener).rstrip("/")


async def version(url: str) -> httpx.Response | None:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        try:
            return await http.get(f"{url}/api/v3/version")
        except httpx.ConnectError:
            return None


async def test_who_asks_a_manager_that_is_loading_is_told_to_come_again(loading, url):
    early = await until(lambda: version(url))
    assert (early.status_code, early.headers["retry-after"]) == (503, "1")
    assert early.json() == {"code": 503, "message": "the Manager is starting, try again soon"}
    assert early.headers["X-Frame-Options"] == "DENY"
    assert early.headers["X-Content-Type-Options"] == "nosniff"
    loading.set()

    async def answers() -> bool:
        return (await version(url)).status_code == 200

    await until(answers)


async def test_a_worker_that_signs_on_while_it_loads_keeps_its_credentials(loading, url):
    await until(lambda: version(url))
    upgrade = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
    }
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        assert (await http.get(url + protocol.PATH, headers=upgrade)).status_code == 503
