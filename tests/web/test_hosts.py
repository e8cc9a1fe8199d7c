"""Names under which a Manager may be asked."""

import socket
import threading
from functools import partial

import attrs
import httpx
import pytest
import trio
import trio.testing
import trio_websocket

from flamenco.config.manager import ManagerConfig
from flamenco.config.worker import WorkerConfig
from tests.patience import PATIENCE
from tests.web.attacks import CROWD, answer_to, code_in, connected, crowd, handshake, head
from tests.web.conftest import edge_at
from tests.web.test_origins import code_of
from web.hosts import LEARN_SECONDS, Hosts, _own_names, name_in, names_of
from worker.connection import talk_over
from worker.credentials import Credentials
from worker.registration import RegistrationFailed, register
from worker.trust import Step, step_after

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

OWN = socket.gethostname().lower()
REBOUND = {"Host": "evil.example:8080", "Origin": "http://evil.example:8080"}
REFUSED = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil@localhost",
    "a b",
]
SERVED = [
    "127.0.0.1",
    "10.1.2.3:8080",
    "[::1]:8080",
    "LOCALHOST:1",
    "localhost.",
    OWN,
    f"{OWN}.local",
]


@pytest.mark.parametrize("headers", [REBOUND, {"Host": "evil.example"}], ids=str)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "version"), ("POST", "jobs"), ("GET", "../../app/")]
)
async def test_a_name_that_only_leads_to_the_manager_is_refused(edge, method, path, headers):
    assert await code_of(edge, method, f"/api/v3/{path}", headers) == 421


async def test_the_refusal_says_what_allows_a_name(edge):
    answer = await answer_to(edge, head("GET", "/api/v3/version", host="evil.example" + 500 * "x"))
    assert b"allowed_hosts" in answer
    assert b"evil.example" in answer
    assert 90 * b"x" not in answer


async def test_a_websocket_under_a_strange_name_is_refused_and_told_why(edge):
    with pytest.raises(trio_websocket.ConnectionRejected) as refused, trio.fail_after(PATIENCE):
        async with trio_websocket.open_websocket_url(
            f"{edge.socket_url}/live".replace("127.0.0.1", "localhost"),
            extra_headers=[("Origin", b"http://evil.example")],
        ):
            pass
    assert refused.value.status_code == 403
    assert b"another site" in refused.value.body


async def test_a_rebound_websocket_is_refused_and_its_connection_ends(edge):
    answer = await answer_to(edge, handshake(host="evil.example"))
    assert code_in(answer) == 421
    assert b"allowed_hosts" in answer


@pytest.mark.parametrize("host", SERVED)
async def test_addresses_and_names_of_the_machine_are_served(edge, host):
    assert await code_of(edge, "GET", "/api/v3/version", {"Host": host}) == 200


@pytest.mark.parametrize("host", REFUSED)
async def test_what_only_looks_like_them_is_not(edge, host):
    assert await code_of(edge, "GET", "/api/v3/version", {"Host": host}) == 421


async def test_names_that_the_operator_allows_are_served(tmp_path):
    config = ManagerConfig(allowed_hosts=("farm.example",))
    async with edge_at(tmp_path, config) as edge:
        assert await code_of(edge, "GET", "/api/v3/version", {"Host": "Farm.example:80"}) == 200
        allowed = {"Host": "farm.example", "Origin": "http://farm.example"}
        assert await code_of(edge, "POST", "/api/v3/jobs/check", allowed) == 204
        assert await code_of(edge, "GET", "/api/v3/version", {"Host": "x.farm.example"}) == 421


async def test_a_change_of_the_allowed_names_counts_at_once(edge):
    change = {"allowed_hosts": "farm.example, render.lan"}
    assert (await edge.http.put("/api/v3/configuration/file", json=change)).status_code == 204
    assert await code_of(edge, "GET", "/api/v3/version", {"Host": "render.lan"}) == 200


@pytest.mark.slow
async def test_three_hundred_rebound_pages_are_all_refused(edge):
    codes = await crowd(edge, lambda _: head("GET", "/api/v3/jobs", host="evil.example"))
    assert codes == CROWD * [421]


@attrs.frozen
class Farm:
    config: ManagerConfig


async def test_a_worker_tells_what_is_wrong_with_the_name_it_uses(edge, monkeypatch):
    """Its credentials are not wrong, and the Manager has sessions."""
    monkeypatch.setattr("worker.connection._open_stream", lambda _: connected(edge))
    who = Credentials(worker_id="anna", worker_secret="x")
    for shown in (who, None):
        ended = await talk_over("http://render:8080/", trio.sleep_forever, shown)
        assert "allowed_hosts" in ended.reason
        for proven in (True, False):
            step = step_after(ended.code, basic=shown is who, proven=proven, found=False)
            assert step is Step.AGAIN


async def test_a_worker_that_registers_is_told_so_too(edge, tmp_path):
    config = WorkerConfig(name="anna", manager_url=edge.url, home=tmp_path, registration_secret="x")
    async with httpx.AsyncClient(base_url=edge.url, headers={"Host": "render"}) as http:
        with pytest.raises(RegistrationFailed, match=r"'render'; .* allowed_hosts"):
            await register(http, config)


async def test_the_full_name_of_the_machine_is_learned(monkeypatch):
    """Until then, whoever uses it waits."""
    monkeypatch.setattr("web.hosts._own_names", lambda: names_of("manager.studio.lan"))
    hosts, served = Hosts(Farm(ManagerConfig())), []

    async def ask(name: str) -> None:
        served.append((name, await hosts.serves(name)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(ask, "manager.studio.lan"))
        nursery.start_soon(partial(ask, "127.0.0.1"))
        await trio.testing.wait_all_tasks_blocked()
        assert served == [("127.0.0.1", True)]
        async with hosts.learning():
            await hosts.serves("manager.studio.lan")
    assert served[1] == ("manager.studio.lan", True)


async def test_who_asks_under_a_strange_name_does_not_wait_for_a_slow_network(autojump_clock):
    assert not await Hosts(Farm(ManagerConfig())).serves("manager.studio.lan")
    assert trio.current_time() == LEARN_SECONDS


@pytest.mark.parametrize("name", ["x" * 70, "a..b"])
async def test_a_machine_may_have_a_name_that_dns_can_not_have(monkeypatch, name):
    monkeypatch.setattr("socket.gethostname", lambda: name)
    monkeypatch.setattr("web.hosts._own_names", _own_names.__wrapped__)
    hosts = Hosts(Farm(ManagerConfig()))
    async with hosts.learning():
        await hosts._learned.wait()
        assert await hosts.serves(f"{name}:8080")


async def test_a_slow_network_does_not_hold_up_a_stop(monkeypatch):
    asked, go_on, answered = trio.Event(), threading.Event(), threading.Event()

    def look() -> frozenset[str]:
        trio.from_thread.run_sync(asked.set)
        go_on.wait(PATIENCE)
        answered.set()
        return frozenset()

    monkeypatch.setattr("web.hosts._own_names", look)
    async with Hosts(Farm(ManagerConfig())).learning():
        await asked.wait()
    assert not answered.is_set()
    go_on.set()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("a:80", "a"),
        ("A.b.", "a.b"),
        ("[::1]:80", "::1"),
        ("", None),
        ("a:b", None),
        ("a@b", None),
        ("[::1", None),
    ],
)
def test_the_name_is_read_from_the_header(host, name):
    assert name_in(host) == name


HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/app/", "localhost"),
        ("/api/v3/version", "localhost"),
        ("/api/v3/nothing", "localhost"),
        ("/api/v3/swagger-ui/", "localhost"),
        ("/api/v3/version", "evil.example"),
    ],
)
async def test_every_answer_says_that_nobody_may_frame_it(edge, method, path, host):
    async with httpx.AsyncClient(base_url=edge.url, timeout=PATIENCE) as http:
        answer = await http.request(method, path, headers={"Host": host})
    assert {name: answer.headers.get_list(name) for name in HEADERS} == {
        name: [value] for name, value in HEADERS.items()
    }
    (policy,) = answer.headers.get_list("Content-Security-Policy")
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
