"""A Worker that meets others than its Manager: it tells them nothing that its own would take."""

import json
import sqlite3
from contextlib import asynccontextmanager, closing
from functools import partial

import attrs
import pytest
import trio

from flamenco import protocol
from flamenco.config.manager import DATABASE_NAME, ManagerConfig
from flamenco.config.worker import WorkerConfig
from flamenco.discovery import advert_of, advertise
from flamenco.model.statuses import WorkerStatus
from tests.networks import loopback
from tests.patience import until
from tests.servers import serve
from tests.web.conftest import call, edge_at
from tests.web.test_secrets import EARLIER
from tests.worker.fake_manager import FakeManager, open_manager, task
from tests.worker.running import running_worker
from worker.credentials import Credentials, read_credentials, write_credentials

SECRET = 64 * "x"
FARM = "open sesame"
OURS = Credentials(worker_id="anna", worker_secret=SECRET, proven=True)
ZEROS = 64 * "0"


@attrs.define
class Overheard(trio.abc.Stream):
    """A stream of which all that comes is written down."""

    stream: trio.SocketStream
    heard: bytearray

    async def send_all(self, data):
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self):
        await self.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes=None):
        data = await self.stream.receive_some(max_bytes)
        self.heard += data
        return data

    async def aclose(self):
        await self.stream.aclose()


class Rogue(FakeManager):
    """Somebody who answers as a Manager, and writes down what it is told."""

    def __init__(self, port, way):
        super().__init__(port)
        self.way = way
        self.heard = bytearray()
        self.visits = 0
        self.knows_proofs = way != "rejects"

    async def serve(self, stream):
        overheard = Overheard(stream, self.heard)
        if self.way not in ("has no sessions", "speaks another language"):
            await super().serve(overheard)
            return
        seen = await overheard.receive_some()
        is_session = b"/session" in seen.split(b"\r\n")[0]
        self.visits += is_session
        if is_session and self.way == "speaks another language":
            await stream.send_all(b"\x00\x01\r\n\r\n")
        else:
            await self._serve_http(overheard, seen)

    def _knows(self, authorization):
        self.visits += 1
        return super()._knows(authorization)

    async def _meet(self, socket):
        said = json.loads(await socket.get_message())
        self.heard += json.dumps(said).encode()
        self.visits += 1
        echo = said["body"]["nonce"]
        match self.way:
            case "does not know it":
                await socket.aclose(protocol.NOT_KNOWN, "register again")
            case "wants the secret":
                await socket.aclose(protocol.NO_KEY, "use HTTP Basic")
            case "talks nonsense":
                await socket.send_message("[[[[")
            case "says welcome":
                welcome = protocol.Welcome(status_requested=WorkerStatus.AWAKE)
                await socket.send_message(protocol.encode(welcome))
            case "proves falsely":
                for proof in (echo, ZEROS):
                    challenge = protocol.Challenge(nonce=echo, proof=proof)
                    await socket.send_message(protocol.encode(challenge))
        while True:  # until it has nothing more to say
            self.heard += (await socket.get_message()).encode()


WAYS = [
    "rejects",
    "has no sessions",
    "speaks another language",
    "does not know it",
    "wants the secret",
    "talks nonsense",
    "says welcome",
    "proves falsely",
]


@asynccontextmanager
async def rogue_at(way, port=0):
    (listener,) = await trio.open_tcp_listeners(port, host="127.0.0.1")
    rogue = Rogue(listener.socket.getsockname()[1], way)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, rogue.serve, listener)
        yield rogue
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def advertised(port, network):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(advertise, partial(advert_of, "Farm", "127.0.0.1", port), network)
        yield
        nursery.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr("flamenco.discovery.searching.ASK_SECONDS", 0.05)
    monkeypatch.setattr("worker.session.backoff", lambda *_: 0.05)


@pytest.fixture(autouse=True)
def checks(monkeypatch):
    """A check, for which the Worker asks its Manager for paths of programs."""

    async def works(_):
        return "fine"

    monkeypatch.setattr("worker.main.CHECKS", {"misc": works})


@pytest.fixture
def network():
    return loopback()


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return home


def told(url, home, **changes):
    return WorkerConfig(name="render-01", manager_url=url, home=home, **changes)


def gave_nothing_away(rogue) -> bool:
    heard = bytes(rogue.heard).lower()
    return not rogue.registrations and not any(
        each in heard
        for each in (
            b"basic ",
            b"register-worker",
            b"/configuration/",
            SECRET.encode(),
            OURS.key.hex().encode(),
        )
    )


@pytest.mark.parametrize("way", WAYS)
async def test_a_searching_worker_tells_nothing_to_who_is_not_its_manager(home, network, way):
    write_credentials(home, OURS)
    async with rogue_at(way) as rogue, open_manager() as manager:
        manager.known = {"anna": SECRET}
        async with (
            advertised(rogue.port, network),
            running_worker(told("", home), network=network),
        ):
            await until(lambda: rogue.visits >= 2)
            async with advertised(manager.port, network):
                await (await manager.session()).wake()
        assert gave_nothing_away(rogue)
        assert not manager.registrations
    assert read_credentials(home) == OURS


@pytest.mark.parametrize("way", WAYS)
async def test_nor_does_it_when_somebody_takes_its_managers_address(
    home, network, way, monkeypatch
):
    monkeypatch.setattr("worker.session.GONE_SECONDS", 0.0)  # it looks around, too
    write_credentials(home, OURS)
    async with trio.open_nursery() as life:
        async with open_manager() as manager, advertised(manager.port, network):
            manager.known = {"anna": SECRET}
            life.start_soon(run_for_ever, told("", home), network)
            await (await manager.session()).wake()
        async with (
            rogue_at(way, manager.port) as rogue,
            rogue_at(way) as other,
            advertised(other.port, network),
        ):
            await until(lambda: rogue.visits >= 3 and other.visits >= 3)
            assert gave_nothing_away(rogue)
            assert gave_nothing_away(other)
        life.cancel_scope.cancel()
    assert read_credentials(home) == OURS


async def run_for_ever(config, network):
    async with running_worker(config, network=network):
        await trio.sleep_forever()


@pytest.mark.parametrize(
    "way", ["says welcome", "talks nonsense", "speaks another language", "has no sessions"]
)
async def test_where_a_person_sent_it_it_tells_who_proves_nothing_nothing_and_says_so_again(
    home, way, caplog, monkeypatch
):
    monkeypatch.setattr("worker.session.SAY_AGAIN_SECONDS", 0.0)
    write_credentials(home, OURS)
    async with rogue_at(way) as other, running_worker(told(other.url, home)):
        await until(lambda: caplog.text.count("No session with the Manager") >= 3)
    assert gave_nothing_away(other)
    assert read_credentials(home) == OURS


async def test_where_a_person_sent_it_it_outlasts_a_server_without_sessions(home, caplog):
    """A proxy answers 404 while the Manager behind it restarts."""
    write_credentials(home, OURS)
    async with rogue_at("has no sessions") as other, running_worker(told(other.url, home)):
        await until(lambda: other.visits >= 3)
    assert gave_nothing_away(other)
    assert "it answered 404 to a worker session" in caplog.text
    assert read_credentials(home) == OURS


@pytest.mark.parametrize("way", ["rejects", "does not know it", "proves falsely"])
async def test_where_a_person_sent_it_it_registers_with_a_new_secret(home, way):
    write_credentials(home, OURS)
    async with rogue_at(way) as other, running_worker(told(other.url, home)):
        await until(lambda: other.registrations)
        await until(lambda: (read_credentials(home) or OURS) != OURS)
    made = read_credentials(home)
    assert made.worker_secret == other.registrations[0]["secret"] != SECRET
    assert not made.proven
    assert SECRET.encode() not in other.heard
    assert OURS.key.hex().encode() not in other.heard


async def test_an_attempt_to_register_that_fails_costs_no_credentials(home):
    write_credentials(home, OURS)
    async with open_manager() as manager:
        manager.registration_secret = FARM
        async with running_worker(told(manager.url, home)):
            await until(lambda: len(manager.addresses) >= 3)
            assert read_credentials(home) == OURS
            manager.known = {"anna": SECRET}
            await (await manager.session()).wake()


async def test_a_relay_at_another_address_gets_no_session(home, network, tmp_path, caplog):
    caplog.set_level("INFO")
    async with edge_at(tmp_path / "farm") as edge:
        async with running_worker(told(edge.url + "/", home)):
            await until(partial(is_online, edge))
        assert read_credentials(home).proven
        caplog.clear()
        async with relay_to(edge) as port:
            async with (
                advertised(port, network),
                running_worker(told("", home), network=network),
            ):
                await until(lambda: caplog.text.count("leads to 127.0.0.1") >= 2)
                assert "Signed on" not in caplog.text
            async with running_worker(told(f"http://127.0.0.1:{port}/", home)):
                await until(lambda: "Signed on" in caplog.text)  # a person has sent it there


async def test_nor_does_a_relay_at_its_managers_former_address(home, network, tmp_path, caplog):
    caplog.set_level("INFO")
    async with trio.open_nursery() as life:
        async with edge_at(tmp_path / "farm") as edge:
            port = int(edge.url.rpartition(":")[2])
            async with advertised(port, network):
                life.start_soon(run_for_ever, told("", home), network)
                await until(lambda: "Signed on" in caplog.text)
        caplog.clear()
        async with edge_at(tmp_path / "farm") as moved, relay_to(moved, port):
            await until(lambda: "leads to 127.0.0.1" in caplog.text)
            assert "Signed on" not in caplog.text
        life.cancel_scope.cancel()


async def is_online(edge) -> bool:
    listed = await call(edge, "GET", "worker-mgt/workers")
    return any(each["status"] == "awake" for each in listed["workers"])


@asynccontextmanager
async def relay_to(edge, port_of_relay=0):
    """The port of somebody who passes on all that both sides say."""
    host, _, port = edge.url.removeprefix("http://").partition(":")

    async def pass_on(one, other):
        try:
            async for part in one:
                await other.send_all(part)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        await other.aclose()

    async def relay(client):
        there = await trio.open_tcp_stream(host, int(port))
        async with there, client, trio.open_nursery() as nursery:
            nursery.start_soon(pass_on, client, there)
            await pass_on(there, client)
            nursery.cancel_scope.cancel()

    (listener,) = await trio.open_tcp_listeners(port_of_relay, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, relay, listener)
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_a_home_of_earlier_days_is_proven_from_then_on(home):
    old = f"worker_id: anna\nsecret: {SECRET}\n"
    (home / "flamenco-worker-credentials.yaml").write_text(old)
    async with open_manager() as manager:
        manager.known = {"anna": SECRET}
        async with running_worker(told(manager.url, home)):
            await (await manager.session()).wake()
            assert read_credentials(home) == OURS


@pytest.mark.parametrize("kind", EARLIER)
async def test_an_old_hash_is_replaced_by_the_secret_which_is_then_never_sent_again(
    home, tmp_path, kind
):
    farm = tmp_path / "farm"
    async with edge_at(farm) as edge:
        body = {"secret": SECRET, "platform": "linux", "supported_task_types": [], "name": "anna"}
        anna = (await call(edge, "POST", "worker/register-worker", body))["uuid"]
    write_credentials(home, Credentials(worker_id=anna, worker_secret=SECRET))
    with closing(sqlite3.connect(farm / DATABASE_NAME)) as db, db:
        db.execute("UPDATE workers SET secret_hash = ?", (EARLIER[kind],))
    for proven in (False, True):
        async with edge_at(farm) as edge, running_worker(told(edge.url + "/", home)):
            if proven:
                await until(lambda: read_credentials(home).proven)
            await until(partial(is_online, edge))
            assert read_credentials(home).proven is proven
            assert read_credentials(home).worker_id == anna


async def test_an_earlier_manager_gets_the_secret_of_a_worker_that_never_proved_itself(home):
    write_credentials(home, attrs.evolve(OURS, proven=False))
    async with open_manager() as manager:
        manager.known, manager.knows_proofs = {"anna": SECRET}, False
        async with running_worker(told(manager.url, home)):
            session = await manager.session()
            await session.wake()
            await session.send(task(("echo", {"message": "hello"})))
            assert (await session.outcome())[0].status == "completed"
        assert not manager.registrations
    assert not read_credentials(home).proven


async def test_a_manager_whose_database_is_older_gets_a_new_worker_only_where_a_person_says(
    home, network, tmp_path, caplog
):
    async with edge_at(tmp_path / "farm") as edge, running_worker(told(edge.url + "/", home)):
        await until(partial(is_online, edge))
    before = read_credentials(home)
    async with edge_at(tmp_path / "backup") as edge:
        port = int(edge.url.rpartition(":")[2])
        async with (
            advertised(port, network),
            running_worker(told("", home), network=network),
        ):
            await until(lambda: "is not this Worker's" in caplog.text)
        assert (await call(edge, "GET", "worker-mgt/workers"))["workers"] == []
        async with running_worker(told(edge.url + "/", home)):
            await until(partial(is_online, edge))
    after = read_credentials(home)
    assert after.worker_id != before.worker_id
    assert after.worker_secret != before.worker_secret
    assert after.proven


# Registration


async def test_a_worker_registers_without_telling_the_registration_secret(home, network, tmp_path):
    config = ManagerConfig(registration_secret=FARM)
    async with edge_at(tmp_path / "farm", config) as edge:
        port = int(edge.url.rpartition(":")[2])
        newcomer = told("", home, registration_secret=FARM)
        async with rogue_at("wants the secret") as rogue:
            async with (
                advertised(rogue.port, network),
                running_worker(newcomer, network=network),
            ):
                await until(lambda: rogue.visits >= 2)
            assert gave_nothing_away(rogue)
            assert FARM.encode() not in rogue.heard
        async with (
            advertised(port, network),
            running_worker(newcomer, network=network),
        ):
            await until(partial(is_online, edge))
    assert read_credentials(home).proven


@pytest.mark.parametrize("way", WAYS)
async def test_a_found_stranger_does_not_get_the_registration_secret(home, network, way):
    newcomer = told("", home, registration_secret=FARM)
    async with rogue_at(way) as rogue:
        async with advertised(rogue.port, network), running_worker(newcomer, network=network):
            await until(lambda: rogue.visits >= 2)
        assert FARM.encode() not in rogue.heard
        assert not rogue.registrations
    assert read_credentials(home) is None


async def test_an_earlier_manager_is_told_the_registration_secret_where_a_person_says(home):
    async with open_manager() as manager:
        manager.registration_secret, manager.knows_proofs = FARM, False
        config = told(manager.url, home, registration_secret=FARM)
        async with running_worker(config):
            await (await manager.session()).wake()
        (registration,) = manager.registrations
        assert registration["registration_secret"] == FARM


# Silence


async def test_a_manager_that_falls_silent_in_the_middle_is_tried_again(home, monkeypatch):
    monkeypatch.setattr("worker.handshake.ANSWER_SECONDS", 0.1)
    write_credentials(home, OURS)
    async with rogue_at("is silent") as rogue, running_worker(told(rogue.url, home)):
        await until(lambda: rogue.visits >= 3)
    assert gave_nothing_away(rogue)
