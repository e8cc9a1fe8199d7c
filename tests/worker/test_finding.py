"""A Worker that was not told where its Manager is."""

from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace

import attrs
import httpx
import pytest
import trio

from flamenco.cli.app import run
from flamenco.discovery import NoManagerFound, advert_of, advertise
from tests.networks import loopback
from tests.worker.fake_manager import open_manager
from tests.worker.running import running_worker
from worker.finding import GONE_SECONDS, Whereabouts, search
from worker.registration import Identity
from worker.session import Session


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    """Questions follow each other sooner, and so do tries to connect."""
    monkeypatch.setattr("flamenco.discovery.searching.ASK_SECONDS", 0.05)
    monkeypatch.setattr("worker.session.backoff", lambda *_: 0.2)


@pytest.fixture
def network():
    return loopback()


@pytest.fixture
def config(config):
    return attrs.evolve(config, manager_url="")


def test_find_manager_prints_where_it_is(monkeypatch, capsys):
    async def find(network, accept):
        return "http://10.0.0.5:8080/"

    monkeypatch.setattr("flamenco.discovery.find_manager", find)
    assert run(["worker", "--find-manager"]) == 0
    assert capsys.readouterr().out == "http://10.0.0.5:8080/\n"


def test_find_manager_says_when_there_is_none(network, monkeypatch, capsys):
    monkeypatch.setattr("flamenco.discovery.LAN", network)
    monkeypatch.setattr("flamenco.cli.worker.FIND_SECONDS", 0.1)
    assert run(["worker", "--find-manager"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no Manager was found in the network" in captured.err.splitlines()[-1]


@asynccontextmanager
async def advertised(manager, network):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            advertise, partial(advert_of, "The Farm", "127.0.0.1", manager.port), network
        )
        yield
        nursery.cancel_scope.cancel()


async def test_a_worker_searches_its_manager(manager, config, network):
    async with advertised(manager, network), running_worker(config, network=network):
        await (await manager.session()).wake()


async def test_a_search_in_vain_ends_and_says_what_to_do(network):
    with pytest.raises(NoManagerFound, match=r"--manager URL or manager_url"):
        await search(0.1, network)


async def test_a_manager_that_moves_is_found_again(manager, config, network, monkeypatch):
    monkeypatch.setattr("worker.session.GONE_SECONDS", 0.0)
    async with trio.open_nursery() as life:
        async with open_manager() as before, advertised(before, network):
            await life.start(start_worker, config, network)
            await (await before.session()).wake()
        async with open_manager() as stranger, open_manager() as after:
            after.known = before.known
            async with advertised(stranger, network), advertised(after, network):
                await (await after.session()).wake()
        life.cancel_scope.cancel()
    assert not stranger.registrations
    assert not after.registrations


async def start_worker(config, network, *, task_status):
    async with running_worker(config, network=network):
        task_status.started()
        await trio.sleep_forever()


async def test_a_manager_that_was_configured_is_not_searched_elsewhere(
    manager, config, network, monkeypatch
):
    monkeypatch.setattr("worker.session.GONE_SECONDS", 0.0)
    async with open_manager() as gone:
        configured = attrs.evolve(config, manager_url=gone.url)
    async with (
        advertised(manager, network),
        running_worker(configured, network=network),
        open_manager(gone.port) as late,
    ):
        await late.session()
    assert not manager.registrations


async def test_a_worker_that_is_not_let_in_pauses_before_it_asks_again(
    config, monkeypatch, autojump_clock
):
    monkeypatch.setattr("worker.session.GONE_SECONDS", 0.0)
    asked = []

    def refuse(request):
        asked.append(request)
        assert len(asked) < 100, "it asks without a pause"
        return httpx.Response(403)

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(refuse), base_url="http://farm/"
    ) as http:
        where = Whereabouts("http://farm/", http, was_found=True)
        config.home.mkdir()
        session = Session(where, station=None, outbox=None, identity=Identity(http, config))
        with trio.move_on_after(5.0):
            await session.run()
    assert len(asked) > 1


@pytest.mark.parametrize(
    ("credentials", "was_found", "searches"),
    [("known", True, 1), ("known", False, 0), (None, True, 0)],
)
async def test_a_search_needs_a_secret_and_an_address_that_was_found_and_takes_no_time_of_its_own(
    credentials, was_found, searches, autojump_clock
):
    async def look_for(_):
        nonlocal searches
        searches -= 1
        await trio.sleep_forever()

    where = SimpleNamespace(was_found=was_found, look_for=look_for)
    session = Session(where, None, None, identity=SimpleNamespace(credentials=credentials))
    await trio.sleep(GONE_SECONDS)
    await session._pause(7.0)
    assert (searches, trio.current_time()) == (0, GONE_SECONDS + 7.0)


async def test_a_manager_is_searched_when_it_is_gone_for_a_minute_and_not_before(autojump_clock):
    searches = []

    async def look_for(credentials):
        searches.append(credentials)
        await trio.sleep_forever()

    where = SimpleNamespace(was_found=True, look_for=look_for)
    session = Session(where, None, None, identity=SimpleNamespace(credentials="known"))
    with trio.fail_after(GONE_SECONDS + 10):
        await session._pause(GONE_SECONDS - 1)
        await session._pause(1)
        assert not searches
        await session._pause(1)
    assert searches == ["known"]
