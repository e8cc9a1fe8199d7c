"""The beginning of a session without HTTP Basic, as a Worker, and as an attacker, begins it."""

import json
import sqlite3
from contextlib import asynccontextmanager, closing
from functools import partial

import attrs
import pytest
import trio
import trio_websocket

from flamenco import protocol
from flamenco.config.manager import DATABASE_NAME, ManagerConfig
from flamenco.proofs import Exchange, farm_key, new_nonce, worker_key
from flamenco.protocol import Challenge, Identify, Prove, Register, Registered
from tests.patience import PATIENCE
from tests.web.conftest import OPERATIONS, call, edge_at
from tests.web.test_edge import SECRET, registered
from tests.web.test_secrets import EARLIER
from web.crowds import Crowd
from web.operations import API

# trio-websocket leaves a socket open that the Manager has closed
pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

KEY = worker_key(SECRET)
FARM = "open sesame"
ZEROS = 64 * "0"
HELLO = protocol.Hello(name="anna", software_version="1", task_types=("misc",))


@attrs.frozen
class Stranger:
    """Somebody who has opened a session, and not shown who it is."""

    socket: trio_websocket.WebSocketConnection

    async def says(self, message) -> None:
        await self.socket.send_message(
            message if isinstance(message, str | bytes) else protocol.encode(message)
        )

    async def hears(self, kind):
        with trio.fail_after(PATIENCE):
            message, _ = protocol.decode(await self.socket.get_message())
        assert isinstance(message, kind), message
        return message

    async def identifies(self, worker_id="", nonce=None, address="") -> tuple[Exchange, str]:
        """What the proofs are about, and the Manager's own."""
        nonce = nonce or new_nonce()
        await self.says(Identify(worker_id=worker_id, nonce=nonce, address=address))
        challenge = await self.hears(Challenge)
        about = Exchange(
            worker_id=worker_id,
            address=address,
            worker_nonce=nonce,
            manager_nonce=challenge.nonce,
        )
        return about, challenge.proof

    async def signs_on(self, worker_id, key=KEY, address="") -> protocol.Welcome:
        exchange, _ = await self.identifies(worker_id, address=address)
        await self.says(Prove(exchange.workers_proof(key)))
        await self.says(HELLO)
        return await self.hears(protocol.Welcome)

    async def is_turned_away(self, code: int) -> str:
        """The reason that is told."""
        with (
            pytest.raises(trio_websocket.ConnectionClosed) as closed,
            trio.fail_after(PATIENCE),
        ):
            while True:
                await self.socket.get_message()
        assert closed.value.reason.code == code, closed.value.reason
        return closed.value.reason.reason


@asynccontextmanager
async def stranger(edge):
    url = edge.socket_url + "/worker/session"
    async with trio_websocket.open_websocket_url(url) as socket:
        yield Stranger(socket)


def own_address(edge) -> str:
    return edge.url.removeprefix("http://").replace(":", " ")


@pytest.fixture
async def anna(edge):
    return await registered(edge)


async def test_both_ends_prove_that_they_know_the_secret_and_nobody_tells_it(edge, anna):
    async with stranger(edge) as worker:
        exchange, proof = await worker.identifies(anna)
        assert proof == exchange.managers_proof(KEY)
        assert proof != exchange.workers_proof(KEY)
        await worker.says(Prove(exchange.workers_proof(KEY)))
        await worker.says(HELLO)
        assert (await worker.hears(protocol.Welcome)).status_requested == "awake"


PICTURE = "/api/v3/worker/task/00000000-0000-0000-0000-000000000000/picture"


async def shows(edge, ticket, method="POST", path=PICTURE) -> int:
    """The answer's status, which is 404 for a picture of no task from who is let in."""
    headers = {"Authorization": f"Bearer {ticket}"}
    picture = {"json": {"frame": 1, "lease": 1, "reason": "none"}} if method == "POST" else {}
    return (await edge.http.request(method, path, headers=headers, **picture)).status_code


async def test_a_ticket_serves_beside_its_session_and_no_longer(edge, anna):
    async with stranger(edge) as worker:
        ticket = (await worker.signs_on(anna)).ticket
        assert await shows(edge, ticket) == 404
        for other in ("x", ticket[:-1], ticket.upper(), "x" * 5000, ZEROS):
            assert await shows(edge, other) == 403
        async with stranger(edge) as again:
            assert (await again.signs_on(anna)).ticket != ticket
            await worker.is_turned_away(1008)
            assert await shows(edge, ticket) == 403


async def test_an_overheard_ticket_opens_no_session(edge, anna):
    async with stranger(edge) as worker:
        ticket = (await worker.signs_on(anna)).ticket
        with pytest.raises(trio_websocket.ConnectionRejected) as rejected:
            async with trio_websocket.open_websocket_url(
                edge.socket_url + "/worker/session",
                extra_headers=[(b"Authorization", f"Bearer {ticket}".encode())],
            ):
                pass
        assert rejected.value.status_code == 403
        await worker.says(protocol.encode(protocol.SignOff(), 1))  # it is still in
        assert (await worker.hears(protocol.Acknowledge)).seq == 1


@pytest.mark.parametrize(
    "operation",
    [each for _, _, each in OPERATIONS if each.worker_auth and not each.content],
    ids=lambda each: each.id,
)
async def test_an_overheard_ticket_brings_pictures_and_nothing_else(edge, anna, operation):
    path = API + operation.path.replace("<task_id>", "00000000-0000-0000-0000-000000000000")
    async with stranger(edge) as worker:
        ticket = (await worker.signs_on(anna)).ticket
        expected = 404 if operation.id == "takeFramePicture" else 403
        assert await shows(edge, ticket, operation.method, path) == expected


GARBAGE = [
    "",
    "[[",
    b"\xff",
    '{"type": "hello"}',
    protocol.encode(HELLO),
    protocol.encode(protocol.Heartbeat()),
    '{"type": "identify", "body": {}}',
    '{"type": "identify", "body": {"worker_id": 1, "nonce": "' + ZEROS + '"}}',
    '{"type": "identify", "body": {"worker_id": "x", "nonce": "' + ZEROS.replace("0", "g") + '"}}',
    '{"type": "identify", "body": {"worker_id": "x", "nonce": "' + ZEROS + '0"}}',
    json.dumps({"type": "identify", "body": {"worker_id": 1001 * "x", "nonce": ZEROS}}),
    json.dumps({"type": "identify", "body": {"nonce": ZEROS, "address": 1001 * "x"}}),
    '{"type": "identify", "body": ' + 5000 * "[",
]


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_what_is_no_identity_ends_the_session(edge, garbage):
    async with stranger(edge) as worker:
        await worker.says(garbage)
        await worker.is_turned_away(1002)


@pytest.mark.parametrize(
    "garbage",
    [
        *GARBAGE,
        '{"type": "prove", "body": {}}',
        '{"type": "prove", "body": {"proof": ""}}',
        json.dumps({"type": "prove", "body": {"proof": ZEROS.replace("0", "A")}}),
        protocol.encode(Register(proof=ZEROS, key=ZEROS, name="x", platform="x", task_types=())),
    ],
)
async def test_what_is_no_proof_ends_the_session(edge, anna, garbage):
    async with stranger(edge) as worker:
        await worker.identifies(anna)
        await worker.says(garbage)
        await worker.is_turned_away(1002)


WRONG = {
    "none": lambda exchange, managers: ZEROS,
    "the Manager's own": lambda exchange, managers: managers,
    "of another secret": lambda exchange, _: exchange.workers_proof(worker_key("guessed")),
    "to register": lambda exchange, _: exchange.workers_proof(KEY, ZEROS),
    "of another worker": lambda exchange, _: changed(exchange, worker_id="bert"),
    "of another address": lambda exchange, _: changed(exchange, address="10.0.0.9 8080"),
    "of another nonce": lambda exchange, _: changed(exchange, worker_nonce=ZEROS),
    "of another challenge": lambda exchange, _: changed(exchange, manager_nonce=ZEROS),
}


def changed(exchange: Exchange, **changes: str) -> str:
    return attrs.evolve(exchange, **changes).workers_proof(KEY)


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_proof_gets_no_session(edge, anna, wrong):
    async with stranger(edge) as worker:
        await worker.says(Prove(WRONG[wrong](*await worker.identifies(anna))))
        await worker.says(HELLO)
        await worker.is_turned_away(protocol.NO_PROOF)


async def test_a_proof_is_good_for_once(edge, anna):
    nonce = new_nonce()
    async with stranger(edge) as worker:
        exchange, managers = await worker.identifies(anna, nonce)
        overheard = Prove(exchange.workers_proof(KEY))
        await worker.says(overheard)
        await worker.says(HELLO)
        await worker.hears(protocol.Welcome)
    async with stranger(edge) as again:
        _, other = await again.identifies(anna, nonce)
        assert other != managers
        await again.says(overheard)
        await again.is_turned_away(protocol.NO_PROOF)


@pytest.mark.parametrize("worker_id", ["nobody", "00000000-0000-0000-0000-000000000000", "\x00"])
async def test_a_worker_that_the_manager_does_not_know_is_told_so(edge, worker_id):
    async with stranger(edge) as worker:
        await worker.says(Identify(worker_id=worker_id, nonce=ZEROS))
        await worker.is_turned_away(protocol.NOT_KNOWN)


async def test_a_deleted_worker_is_not_known(edge, anna):
    await call(edge, "DELETE", f"worker-mgt/workers/{anna}", status=204)
    async with stranger(edge) as worker:
        await worker.says(Identify(worker_id=anna, nonce=ZEROS))
        await worker.is_turned_away(protocol.NOT_KNOWN)


@pytest.mark.parametrize("kind", [*EARLIER, "damaged"])
async def test_a_manager_with_an_old_hash_wants_the_secret_once(tmp_path, kind):
    async with edge_at(tmp_path) as edge:
        anna = await registered(edge)
    hashed = EARLIER.get(kind, "sha256$damaged")
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as db, db:
        db.execute("UPDATE workers SET secret_hash = ?", (hashed,))
    async with edge_at(tmp_path) as edge:
        async with stranger(edge) as worker:
            await worker.says(Identify(worker_id=anna, nonce=ZEROS))
            await worker.is_turned_away(protocol.NO_KEY)
        if kind in EARLIER:
            await call(edge, "GET", "worker/state", status=204, auth=(anna, SECRET))
            async with stranger(edge) as worker:
                await worker.signs_on(anna)


async def test_who_says_nothing_is_let_go_in_the_middle_of_a_handshake(edge, anna, monkeypatch):
    monkeypatch.setattr("web.handshakes.HANDSHAKE_SECONDS", 0.1)
    async with stranger(edge) as worker:
        assert "identify" in await worker.is_turned_away(1002)
    async with stranger(edge) as worker:
        await worker.identifies(anna)
        assert "prove" in await worker.is_turned_away(1002)
    async with stranger(edge) as worker:
        exchange, _ = await worker.identifies(anna)
        await worker.says(Prove(exchange.workers_proof(KEY)))
        assert "hello" in await worker.is_turned_away(1002)


async def test_who_stands_in_between_at_another_address_gets_no_proof(edge, anna):
    for elsewhere in ("10.0.0.9 8080", own_address(edge)[:-1], "127.0.0.1", " ", "x" * 1000):
        async with stranger(edge) as worker:
            await worker.says(Identify(worker_id=anna, nonce=ZEROS, address=elsewhere))
            await worker.is_turned_away(protocol.NOT_HERE)
    async with stranger(edge) as worker:
        await worker.signs_on(anna, address=own_address(edge))


async def test_few_strangers_wait_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("web.context.Crowd", partial(Crowd, most_of_address=2))
    async with edge_at(tmp_path) as edge:
        anna = await registered(edge)
        async with stranger(edge) as one, stranger(edge) as two:
            await one.identifies(anna)
            exchange, _ = await two.identifies(anna)
            with pytest.raises(trio_websocket.ConnectionRejected) as rejected:
                async with stranger(edge):
                    pass
            assert rejected.value.status_code == 429
            await two.says(Prove(exchange.workers_proof(KEY)))
            await two.says(HELLO)
            await two.hears(protocol.Welcome)
            async with stranger(edge) as three:
                await three.identifies(anna)


async def test_a_stranger_may_send_little_and_a_worker_much(edge, anna):
    async with stranger(edge) as worker:
        await worker.says('{"type": "' + 200_000 * "x" + '"}')
        await worker.is_turned_away(1009)
    async with stranger(edge) as worker:
        await worker.signs_on(anna)
        report = protocol.Report(task_id="none", lease=1, log=2**22 * "x")
        await worker.says(protocol.encode(report, 1))
        assert (await worker.hears(protocol.Acknowledge)).refused


# Registration


@pytest.fixture
async def farm(tmp_path):
    async with edge_at(tmp_path, ManagerConfig(registration_secret=FARM)) as edge:
        yield edge


def newcomer(exchange, **changes) -> Register:
    new_key = worker_key("made by the worker").hex()
    fits = Register(
        proof=exchange.workers_proof(farm_key(FARM), new_key),
        key=new_key,
        name="bert",
        platform="linux",
        task_types=("misc",),
    )
    return attrs.evolve(fits, **changes)


async def workers_of(edge) -> list[str]:
    listed = await call(edge, "GET", "worker-mgt/workers")
    return [each["name"] for each in listed["workers"]]


async def test_a_worker_proves_that_it_knows_the_registration_secret_and_so_does_the_farm(farm):
    async with stranger(farm) as worker:
        exchange, proof = await worker.identifies()
        assert proof == exchange.managers_proof(farm_key(FARM))
        await worker.says(newcomer(exchange))
        bert = (await worker.hears(Registered)).worker_id
        assert await worker.is_turned_away(1000) == "registered"
    assert await workers_of(farm) == ["bert"]
    async with stranger(farm) as worker:
        await worker.signs_on(bert, worker_key("made by the worker"))


async def test_without_the_registration_secret_nobody_registers(farm):
    async with stranger(farm) as worker:
        exchange, proof = await worker.identifies()
        other = exchange.workers_proof(farm_key("guessed"), newcomer(exchange).key)
    for changes in ({"proof": ZEROS}, {"proof": proof}, {"proof": other}, {"key": ZEROS}):
        async with stranger(farm) as worker:
            exchange, _ = await worker.identifies()
            await worker.says(newcomer(exchange, **changes))
            await worker.is_turned_away(protocol.NO_PROOF)
    assert await workers_of(farm) == []


async def test_the_name_of_a_worker_that_registers_is_checked(farm):
    async with stranger(farm) as worker:
        exchange, _ = await worker.identifies()
        await worker.says(newcomer(exchange, name="a\r\nb"))
        assert "name" in await worker.is_turned_away(1008)


async def test_a_farm_without_a_registration_secret_has_nothing_to_prove(edge):
    async with stranger(edge) as worker:
        await worker.says(Identify(nonce=ZEROS))
        await worker.is_turned_away(protocol.NO_KEY)


async def test_registrations_in_sessions_are_as_rare_as_over_http(farm):
    answered = 0
    with pytest.raises(trio_websocket.ConnectionClosed) as closed:
        while answered < 1000:  # slow machines earn more of them meanwhile
            async with stranger(farm) as worker:
                await worker.identifies()
            answered += 1
    assert answered >= 40
    assert closed.value.reason.code == 1008
    assert "too many" in closed.value.reason.reason
