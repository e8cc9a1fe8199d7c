"""Who may work for a farm of users: approval, join tokens, and credentials that are over."""

from datetime import timedelta

import attrs
import httpx
import pytest
import trio
from trio_websocket import ConnectionClosed, open_websocket_url

from flamenco import clock, protocol
from flamenco.config.auth import AuthConfig
from flamenco.config.manager import ManagerConfig
from flamenco.config.worker import WorkerConfig
from flamenco.manager.workers.programs import Programs
from flamenco.model.access import Admission, AuthMode, Role, Scope, admission
from flamenco.model.statuses import WorkerStatus
from flamenco.proofs import new_nonce
from tests.patience import PATIENCE, until
from tests.web.conftest import CERTIFICATES, JOB, edge_at
from tests.web.test_access import PASSWORD, People, client, cookie_of
from tests.web.test_handshakes import HELLO, stranger
from tests.web.test_worker_calls import REGISTRATION, SECRET, SIGN_ON
from web.operations import API
from web.signing import first_operators_link
from worker.credentials import Credentials, read_credentials
from worker.registration import RegistrationFailed, SecretRefused, register

# trio-websocket leaves the socket of a rejected connection to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

NEW = REGISTRATION | {"name": "anna"}
OTHER = "y" * 64


@pytest.fixture
async def farm(tmp_path):
    """A farm of users with an operator."""
    config = ManagerConfig(auth=AuthConfig(mode=AuthMode.USERS), registration_secret="hush")
    async with edge_at(tmp_path, config) as edge:
        made = People(edge, {}, {})
        link = {"secret": await first_operators_link(edge.farm), "password": PASSWORD}
        made.links[Role.OPERATOR] = cookie_of(await made.ask("POST", "access/use-link", link))
        yield made


async def joined(farm, secret=SECRET, **changes) -> str:
    answer = await farm.ask("POST", "worker/register-worker", NEW | {"secret": secret} | changes)
    assert answer.status_code == 200
    return answer.json()["uuid"]


async def says(farm, auth, path, body=None, method="POST"):
    async with client() as http:
        return await http.request(method, f"{farm.edge.url}{API}/{path}", json=body, auth=auth)


async def operate(farm, method, path, body=None):
    answer = await farm.ask(method, path, body, by=Role.OPERATOR)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def shown(farm, worker_id) -> dict:
    return await operate(farm, "GET", f"worker-mgt/workers/{worker_id}")


async def notices(farm) -> list[str]:
    return [each["kind"] for each in (await operate(farm, "GET", "notices"))["notices"]]


@pytest.mark.parametrize(
    ("mode", "has_secret", "right", "by_hand", "outcome"),
    [
        (AuthMode.OPEN, False, None, True, Admission.JOINS),
        (AuthMode.OPEN, False, False, False, Admission.JOINS),
        (AuthMode.OPEN, True, None, True, Admission.REFUSED),
        (AuthMode.OPEN, True, True, False, Admission.JOINS),
        (AuthMode.USERS, True, True, False, Admission.JOINS),
        (AuthMode.USERS, True, False, True, Admission.REFUSED),
        (AuthMode.USERS, True, None, True, Admission.WAITS),
        (AuthMode.USERS, False, False, True, Admission.WAITS),
        (AuthMode.USERS, False, None, False, Admission.REFUSED),
    ],
)
def test_a_new_worker_joins_waits_or_is_refused(mode, has_secret, right, by_hand, outcome):
    assert admission(mode, has_secret=has_secret, right=right, by_hand=by_hand) is outcome


async def test_a_worker_without_a_secret_sleeps_until_it_is_approved_and_then_works(farm):
    """As Flamenco 3's does, which can send none."""
    await operate(farm, "POST", "jobs", JOB)
    worker = await joined(farm)
    auth = (worker, SECRET)
    assert (await notices(farm))[0] == "worker-waits-for-approval"
    told = await says(farm, auth, "worker/sign-on", SIGN_ON | {"name": "anna"})
    assert told.json() == {"status_requested": "asleep"}
    variables = "configuration/variables/workers/linux"
    assert (await says(farm, auth, variables, method="GET")).status_code == 403
    await says(farm, auth, "worker/state-changed", {"status": "awake"})
    task = await says(farm, auth, "worker/task")
    assert (task.status_code, task.json()["status_requested"]) == (423, "asleep")
    await says(farm, auth, "worker/state-changed", {"status": "asleep"})
    assert (await shown(farm, worker))["awaits_approval"]
    wake = {"status": "awake", "is_lazy": False}
    path = f"worker-mgt/workers/{worker}"
    refused = await farm.ask("POST", f"{path}/setstatus", wake, by=Role.OPERATOR)
    assert refused.status_code == 422
    await operate(farm, "POST", f"{path}/approve")
    state = await says(farm, auth, "worker/state", method="GET")
    assert state.json() == {"status_requested": "awake"}
    await says(farm, auth, "worker/state-changed", {"status": "awake"})
    assert (await says(farm, auth, "worker/task")).json()["job_type"] == JOB["type"]
    assert (await says(farm, auth, variables, method="GET")).is_success
    assert "awaits_approval" not in await shown(farm, worker)


async def test_a_session_is_told_to_sleep_and_woken_up_by_the_approval(farm):
    worker = await joined(farm)
    async with stranger(farm.edge) as met:
        welcome = await met.signs_on(worker)
        assert (welcome.status_requested, welcome.awaits_approval) == ("asleep", True)
        await operate(farm, "POST", f"worker-mgt/workers/{worker}/approve")
        asked = await met.hears(protocol.RequestStatus)
        assert asked.status == "awake"


async def test_a_session_that_says_it_is_awake_gets_no_task_before_the_approval(farm):
    await operate(farm, "POST", "jobs", JOB)
    worker = await joined(farm)
    async with stranger(farm.edge) as met:
        await met.signs_on(worker)
        awake = protocol.encode(protocol.StateChanged(WorkerStatus.AWAKE), 1)
        await met.says(awake)
        await met.hears(protocol.Acknowledge)
        with trio.move_on_after(1.0):  # a task would be there at once
            await met.socket.get_message()
            pytest.fail("it was given a task")
        await operate(farm, "POST", f"worker-mgt/workers/{worker}/approve")
        await met.hears(protocol.Assign)


async def test_only_so_many_wait_for_approval(farm, monkeypatch):
    monkeypatch.setattr("web.registering.MOST_WAITING", 1)
    worker = await joined(farm)
    refused = await farm.ask("POST", "worker/register-worker", NEW)
    assert refused.status_code == 429
    await joined(farm, registration_secret="hush")
    await operate(farm, "POST", f"worker-mgt/workers/{worker}/approve")
    await joined(farm)


async def test_a_wrong_registration_secret_is_refused_and_does_not_wait(farm):
    wrong = NEW | {"registration_secret": "guess"}
    assert (await farm.ask("POST", "worker/register-worker", wrong)).status_code == 403


# Join tokens


async def token(farm, **wanted) -> str:
    body = {"name": "rack"} | wanted
    return (await operate(farm, "POST", "worker-mgt/join-tokens", body))["secret"]


async def join(farm, home, secret, present=None) -> Credentials:
    """Register as a real Worker does that was started with a join token."""
    config = WorkerConfig(
        name="anna", manager_url=f"{farm.edge.url}/", home=home, join_token=secret
    )
    home.mkdir(exist_ok=True)
    async with httpx.AsyncClient(base_url=config.manager_url, verify=CERTIFICATES) as http:
        return await register(http, config, present)


async def test_a_join_token_lets_one_worker_in_with_its_tags(farm, tmp_path):
    tag = await operate(farm, "POST", "worker-mgt/tags", {"name": "rack"})
    secret = await token(farm, tags=[tag["id"]])
    made = await join(farm, tmp_path / "a", secret)
    worker = await shown(farm, made.worker_id)
    assert worker["tag_ids"] == [tag["id"]]
    assert "awaits_approval" not in worker
    assert read_credentials(tmp_path / "a") == made
    assert made.joined == secret.partition(".")[0]
    with pytest.raises(SecretRefused, match="was used before"):
        await join(farm, tmp_path / "b", secret)
    assert await operate(farm, "GET", "worker-mgt/join-tokens") == {"tokens": []}


async def test_a_worker_that_has_used_its_token_drops_it(farm, tmp_path):
    secret = await token(farm, once=False)
    made = await join(farm, tmp_path / "a", secret)
    again = await join(farm, tmp_path / "a", secret, present=made)
    assert (await shown(farm, again.worker_id))["awaits_approval"]
    (listed,) = (await operate(farm, "GET", "worker-mgt/join-tokens"))["tokens"]
    assert listed["used"] == 1
    assert "secret" not in listed


async def test_an_ended_or_guessed_join_token_lets_nobody_in(farm, tmp_path):
    secret = await token(farm, once=False)
    token_id = secret.partition(".")[0]
    with pytest.raises(SecretRefused, match="not one of this Manager"):
        await join(farm, tmp_path / "a", f"{token_id}.guess")
    await operate(farm, "DELETE", f"worker-mgt/join-tokens/{token_id}")
    with pytest.raises(SecretRefused, match="is over"):
        await join(farm, tmp_path / "a", secret)
    secret = await token(farm, hours=1)
    clock.set_wall_time(clock.now() + timedelta(hours=1))
    with pytest.raises(SecretRefused, match="is over"):
        await join(farm, tmp_path / "a", secret)


async def test_of_two_workers_that_use_a_token_at_once_one_is_let_in(farm, tmp_path):
    secret, outcomes = await token(farm), []

    async def try_it(name: str) -> None:
        try:
            outcomes.append(bool((await join(farm, tmp_path / name, secret)).worker_id))
        except RegistrationFailed:
            outcomes.append(False)

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(try_it, name)
    assert sorted(outcomes) == [False, False, True]


async def test_in_an_open_farm_only_the_operator_makes_join_tokens(tmp_path):
    """Else whoever reaches the port would do without the registration secret."""
    async with edge_at(tmp_path, ManagerConfig(registration_secret="hush")) as edge:
        from_elsewhere = {"X-Forwarded-For": "10.0.0.9"}
        path = f"{API}/worker-mgt/join-tokens"
        refused = await edge.http.post(path, json={"name": "rack"}, headers=from_elsewhere)
        assert refused.status_code == 403
        assert (await edge.http.post(path, json={"name": "rack"})).is_success


# Credentials


async def test_revoked_credentials_end_the_session_and_count_nowhere_any_more(farm):
    worker = await joined(farm, registration_secret="hush")
    auth = (worker, SECRET)
    assert (await says(farm, auth, "worker/state", method="GET")).status_code == 204
    async with stranger(farm.edge) as met:
        await met.signs_on(worker)
        await operate(farm, "POST", f"worker-mgt/workers/{worker}/revoke-credentials")
        with pytest.raises(ConnectionClosed), trio.fail_after(PATIENCE):
            while True:
                await met.socket.get_message()
    assert (await says(farm, auth, "worker/state", method="GET")).status_code == 401
    async with stranger(farm.edge) as met:
        await met.says(protocol.Identify(worker_id=worker, nonce=new_nonce()))
        await met.is_turned_away(protocol.NOT_KNOWN)


async def test_a_token_for_a_worker_gives_it_new_credentials_and_ends_the_old_ones(farm, tmp_path):
    worker = await joined(farm, registration_secret="hush")
    assert (await says(farm, (worker, SECRET), "worker/state", method="GET")).is_success
    secret = await token(farm, worker_id=worker)
    made = await join(farm, tmp_path / "a", secret, Credentials(worker_id="x", worker_secret="y"))
    assert made.worker_id == worker
    assert (await says(farm, (worker, SECRET), "worker/state", method="GET")).status_code == 401
    async with stranger(farm.edge) as met:
        assert (await met.signs_on(worker, made.key)).status_requested == "awake"


async def test_two_machines_with_the_same_credentials_are_noticed_and_told(farm):
    worker = await joined(farm, registration_secret="hush")

    async def sign_on(run: str) -> None:
        async with open_websocket_url(
            f"{farm.edge.socket_url}/worker/session",
            extra_headers=[
                (b"Authorization", httpx.BasicAuth(worker, SECRET)._auth_header.encode())
            ],
        ) as socket:
            await socket.send_message(protocol.encode(attrs.evolve(HELLO, run=run)))
            with trio.fail_after(PATIENCE):
                await socket.get_message()

    for run in ("first", "first", "second", "third"):
        await sign_on(run)
    assert "used_twice" not in await shown(farm, worker)
    await sign_on("second")
    assert (await shown(farm, worker))["used_twice"]
    await sign_on("third")
    assert (await notices(farm)).count("worker-twice") == 1
    await operate(farm, "POST", f"worker-mgt/workers/{worker}/revoke-credentials")
    assert "used_twice" not in await shown(farm, worker)


async def test_two_that_poll_are_told_apart_by_their_addresses(farm):
    worker = await joined(farm, registration_secret="hush")
    for own in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
        transport = httpx.AsyncHTTPTransport(local_address=own, verify=CERTIFICATES)
        async with httpx.AsyncClient(transport=transport, timeout=PATIENCE) as http:
            url = f"{farm.edge.url}{API}/worker/state"
            assert (await http.get(url, auth=(worker, SECRET))).status_code == 204

    async def is_told() -> bool:
        return "used_twice" in await shown(farm, worker)

    await until(is_told)


async def test_a_program_comes_back_only_within_the_time_and_when_another_took_its_place(
    autojump_clock,
):
    programs = Programs(within=60)
    assert [programs.come_back(each) for each in ("a", "a", "b", "b", "")] == [False] * 5
    assert programs.come_back("a")
    await trio.sleep(61)
    assert not programs.come_back("b")


async def test_a_worker_can_not_pose_as_another_one(farm):
    anna = await joined(farm, registration_secret="hush")
    bert = await joined(farm, OTHER, registration_secret="hush")
    job = await operate(farm, "POST", "jobs", JOB)
    for worker, secret in ((anna, SECRET), (bert, OTHER)):
        auth = (worker, secret)
        await says(farm, auth, "worker/sign-on", SIGN_ON | {"name": worker[:4]})
        await says(farm, auth, "worker/state-changed", {"status": "awake"})
    task = (await says(farm, (anna, SECRET), "worker/task")).json()["uuid"]
    assert (await says(farm, (anna, OTHER), f"worker/task/{task}", {})).status_code == 401
    report = {"taskStatus": "completed", "activity": "mine"}
    wrong = await says(farm, (bert, OTHER), f"worker/task/{task}", report)
    assert wrong.status_code == 409
    picture = {"frame": 1, "lease": 1, "reason": "none"}
    async with stranger(farm.edge) as met:
        ticket = (await met.signs_on(bert, _key(OTHER))).ticket
        async with client() as http:
            shows = {"Authorization": f"Bearer {ticket}"}
            url = f"{farm.edge.url}{API}/worker/task/{task}"
            sent = await http.post(f"{url}/picture", json=picture, headers=shows)
            assert sent.status_code == 409
            assert (await http.post(url, json=report, headers=shows)).status_code in (401, 403)
    async with stranger(farm.edge) as met:
        exchange, _ = await met.identifies(anna)
        await met.says(protocol.Prove(exchange.workers_proof(_key(OTHER))))
        await met.is_turned_away(protocol.NO_PROOF)
    tasks = (await operate(farm, "GET", f"jobs/{job['id']}/tasks"))["tasks"]
    assert {each["status"] for each in tasks if each["id"] == task} == {"active"}
    for other in (f"jobs/{job['id']}", "jobs", f"tasks/{task}"):
        assert (await says(farm, (anna, SECRET), other, method="GET")).status_code == 403


async def test_a_token_with_the_scope_of_workers_approves_and_one_without_does_not(farm):
    worker = await joined(farm)
    path = f"worker-mgt/workers/{worker}/approve"
    for scope, code in ((Scope.JOBS, 403), (Scope.WORKERS, 204)):
        shows = await farm.token(Role.OPERATOR, scope)
        assert (await farm.ask("POST", path, headers=shows)).status_code == code


def _key(secret: str) -> bytes:
    return Credentials(worker_secret=secret).key
