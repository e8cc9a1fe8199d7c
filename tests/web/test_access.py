"""A farm in which it matters who asks: sign-ins, tokens, and what each may do."""

import re
from ipaddress import ip_network

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, open_websocket_url

from flamenco import clock
from flamenco.config.auth import AuthConfig
from flamenco.config.manager import ManagerConfig
from flamenco.manager.people import Admit
from flamenco.model.access import (
    OF_ANYBODY,
    OF_WORKERS,
    PERMISSIONS_OF,
    AuthMode,
    Permission,
    Role,
    Scope,
    may,
    of_token,
)
from flamenco.model.people import IDLE, CredentialKind
from flamenco.store import all_credentials
from tests.patience import PATIENCE
from tests.web.conftest import JOB, edge_at
from tests.web.people import PAGE, PASSWORD, USERS, People, client, cookie_of
from tests.web.test_every_operation import BODIES, HEADERS
from tests.web.test_worker_calls import NOBODY, REGISTRATION, SECRET, SIGN_ON
from web.askers import WORDS
from web.operations import API
from web.server import OPERATIONS
from web.signing import first_operators_link

# trio-websocket leaves the socket of a rejected connection to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

NEW = {"name": "anna", "registration_secret": "hush"}


async def worker_of(people) -> tuple[str, str]:
    answer = await people.ask("POST", "worker/register-worker", REGISTRATION | NEW)
    return answer.json()["uuid"], SECRET


async def outcome(people, operation, headers, auth=None) -> int:
    """The status code of the answer to an operation about nothing that there is."""
    path = re.sub(r"<.+?>", NOBODY, operation.path)
    has_body = operation.id in BODIES or operation.content or operation.streams
    async with (
        client() as http,
        http.stream(
            operation.method,
            people.edge.url + API + path,
            headers=HEADERS.get(operation.id, {}) | headers,
            auth=auth,
            content=b"[" if has_body else None,
        ) as answer,
    ):
        return answer.status_code


def expected(held, operation, *, known: bool) -> set[int]:
    """The refusals that are to come, if any."""
    if may(held, operation.id):
        return set()
    return {403} if known else {401}


@pytest.mark.slow
async def test_every_operation_is_allowed_to_whom_the_table_says_and_to_nobody_else(people):
    worker = await worker_of(people)
    askers = [({}, None, OF_ANYBODY, False)]
    askers += [({"Authorization": "Bearer wrong"}, None, OF_ANYBODY, False)]
    askers += [({}, worker, OF_WORKERS, True)]
    for role in Role:
        askers.append((people.by_cookie(role), None, PERMISSIONS_OF[role], True))
        for scopes in (tuple(Scope), *((each,) for each in Scope if role is Role.OPERATOR)):
            askers.append((await people.token(role, *scopes), None, of_token(role, scopes), True))
    for operation in sorted(OPERATIONS, key=lambda each: each.id == "signOut"):
        for headers, auth, held, known in askers:
            code = await outcome(people, operation, headers, auth)
            refusals = expected(held, operation, known=known)
            assert {code} & {401, 403} == refusals, (operation.id, headers, auth)


async def test_what_is_no_operation_needs_a_sign_in_too_but_the_page_does_not(people):
    for path in ("/api/v3/openapi3.json", "/api/v3/nothing", f"/job-files/job-aaaa/{NOBODY}/log"):
        async with client() as http:
            assert (await http.get(people.edge.url + path)).status_code == 401
            shown = await http.get(people.edge.url + path, headers=people.by_cookie(Role.VIEWER))
            assert shown.status_code in (200, 404)
    for path in ("/", "/app/", "/app/jobs", "/api/v3/version"):
        async with client() as http:
            assert (await http.get(people.edge.url + path)).status_code != 401


@pytest.mark.parametrize(
    "path", ["/app/../api/v3/jobs", "/app/%2e%2e/api/v3/jobs", "//api/v3/jobs"]
)
async def test_no_way_of_writing_a_path_leads_past_the_gate(people, path):
    with trio.fail_after(PATIENCE):
        stream = await trio.open_tcp_stream("127.0.0.1", int(people.edge.url.rpartition(":")[2]))
        async with stream:
            await stream.send_all(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            said = b"".join([part async for part in stream])
    assert b'"jobs"' not in said


async def test_wrong_credentials_are_refused_with_the_same_words_before_the_body_is_read(people):
    token = (await people.token(Role.OPERATOR, Scope.JOBS))["Authorization"]
    cookie = f"{people.cookie}={people.links[Role.OPERATOR]}"
    wrong = [{}, *({"Authorization": each} for each in (token[:-1], token + "x", token * 200))]
    wrong += [{"Authorization": each} for each in ("Bearer", "Basic eDp5", "Basic !", "Digest x")]
    wrong += [{"Cookie": each} for each in (cookie[:-1], f"{people.cookie}=", cookie + "x", "=;=")]
    wrong += [{"Authorization": f"Bearer {people.links[Role.OPERATOR]}"}]
    wrong += [{"Cookie": f"{people.cookie}={token.partition(' ')[2]}"}]
    for headers in wrong:
        answer = await people.ask("POST", "jobs", "no job", headers=PAGE | headers)
        assert (answer.status_code, answer.json()["message"]) == (401, WORDS), headers


async def test_a_cookie_changes_something_only_if_the_page_itself_asks(people):
    body = {"name": "gpu"}
    shown = {"Cookie": f"{people.cookie}={people.links[Role.OPERATOR]}"}
    for page in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await people.ask("POST", "worker-mgt/tags", body, headers=shown | page)
        assert answer.status_code == 403
    mine = shown | {"Origin": people.edge.url}
    assert (await people.ask("POST", "worker-mgt/tags", body, headers=mine)).is_success


async def test_a_sign_in_has_a_secret_of_its_own_that_scripts_and_other_sites_do_not_get(people):
    body = {"name": "viewer", "password": PASSWORD}
    planted = {"Cookie": f"{people.cookie}=planted"}
    answer = await people.ask("POST", "access/sign-in", body, headers=planted | PAGE)
    flags = answer.headers["set-cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Strict" in flags
    assert "Secure" not in flags
    assert cookie_of(answer) != "planted"
    assert (await people.ask("GET", "jobs", headers=planted)).status_code == 401
    again = {"Cookie": f"{people.cookie}={cookie_of(answer)}"}
    renewed = await people.ask("POST", "access/sign-in", body, headers=again | PAGE)
    assert cookie_of(renewed) != cookie_of(answer)
    assert (await people.ask("GET", "jobs", headers=again)).status_code == 401


async def test_who_guesses_passwords_has_to_wait_longer_and_longer(people):
    wrong = {"name": "viewer", "password": "guess"}
    codes = [(await people.ask("POST", "access/sign-in", wrong)).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    right = wrong | {"password": PASSWORD}
    assert (await people.ask("POST", "access/sign-in", right)).status_code == 429


async def test_nobody_learns_whether_there_is_such_a_user(people):
    told = [
        (await people.ask("POST", "access/sign-in", {"name": name, "password": "x"})).text
        for name in ("viewer", "nobody")
    ]
    assert told[0] == told[1]


async def test_a_link_is_good_once_and_leaves_nothing_open_that_was_there_before(people):
    path = f"access/users/{people.ids[Role.ARTIST]}/link"
    link = {"password": "another long one"}
    link["secret"] = (await people.ask("POST", path, by=Role.OPERATOR)).json()["secret"]
    shown = {"Authorization": f"Bearer {link['secret']}"}
    assert (await people.ask("GET", "jobs", headers=shown)).status_code == 401
    assert (await people.ask("POST", "access/use-link", link)).is_success
    assert (await people.ask("POST", "access/use-link", link)).status_code == 401
    assert (await people.ask("GET", "jobs", by=Role.ARTIST)).status_code == 401
    old, new = ({"name": "artist", "password": each} for each in (PASSWORD, link["password"]))
    assert (await people.ask("POST", "access/sign-in", old)).status_code == 401
    assert (await people.ask("POST", "access/sign-in", new)).is_success


async def test_a_changed_password_ends_the_other_sign_ins(people):
    body = {"name": "viewer", "password": PASSWORD}
    other = {
        "Cookie": f"{people.cookie}={cookie_of(await people.ask('POST', 'access/sign-in', body))}"
    }
    change = {"old": "wrong", "new": "another long one"}
    wrong = await people.ask("POST", "access/password", change, by=Role.VIEWER)
    assert wrong.status_code == 401
    change["old"] = PASSWORD
    assert (await people.ask("POST", "access/password", change, by=Role.VIEWER)).is_success
    assert (await people.ask("GET", "jobs", headers=other)).status_code == 401
    assert (await people.ask("GET", "jobs", by=Role.VIEWER)).is_success


async def test_a_token_is_over_when_it_was_ended_or_its_user_removed(people):
    first, second = [await people.token(Role.ARTIST, Scope.SUBMIT) for _ in range(2)]
    listed = (await people.ask("GET", "access/credentials", by=Role.ARTIST)).json()["credentials"]
    (token, *_) = [each["id"] for each in listed if each["kind"] == "token"]
    path = f"access/credentials/{token}"
    assert (await people.ask("DELETE", path, by=Role.VIEWER)).status_code == 404
    assert (await people.ask("DELETE", path, by=Role.ARTIST)).is_success
    codes = {
        (await people.ask("GET", "jobs", headers=each)).status_code for each in (first, second)
    }
    assert codes == {200, 401}
    user = f"access/users/{people.ids[Role.ARTIST]}"
    assert (await people.ask("DELETE", user, by=Role.OPERATOR)).is_success
    for each in (first, second, people.by_cookie(Role.ARTIST)):
        assert (await people.ask("GET", "jobs", headers=each)).status_code == 401


async def test_nobody_gets_in_as_a_disabled_user_and_the_tokens_count_again_afterwards(people):
    user = f"access/users/{people.ids[Role.ARTIST]}"
    token = await people.token(Role.ARTIST, Scope.SUBMIT)
    address = f"{people.edge.url}/as/{token['Authorization'].partition(' ')[2]}{API}/jobs"
    link = (await people.ask("POST", f"{user}/link", by=Role.OPERATOR)).json()["secret"]
    device = (await people.ask("POST", "access/devices", {"name": "Blender"})).json()
    confirmed = {"user_code": device["user_code"], "allow": True}
    await people.ask("POST", "access/devices/confirm", confirmed, by=Role.ARTIST)

    async def outcomes() -> list[int]:
        sign_in = {"name": "artist", "password": PASSWORD}
        async with client() as http:
            return [
                (await people.ask("GET", "jobs", headers=token)).status_code,
                (await http.get(address)).status_code,
                (await people.ask("POST", "access/sign-in", sign_in)).status_code,
            ]

    headers = [(name.encode(), value.encode()) for name, value in token.items()]
    with trio.fail_after(PATIENCE):
        async with open_websocket_url(
            people.edge.socket_url + "/live", extra_headers=headers
        ) as it:
            disable = await people.ask("PUT", user, {"disabled": True}, by=Role.OPERATOR)
            assert disable.status_code == 204
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await it.get_message()
            assert closed.value.reason.code == 1008
    assert await outcomes() == [401, 401, 401]
    assert (await people.ask("GET", "jobs", by=Role.ARTIST)).status_code == 401
    shown = (await people.ask("GET", "access/users", by=Role.OPERATOR)).json()["users"]
    assert [each["name"] for each in shown if each["disabled"]] == ["artist"]
    new = {"secret": link, "password": "another long one"}
    assert (await people.ask("POST", "access/use-link", new)).status_code == 401
    assert (await people.ask("POST", f"{user}/link", by=Role.OPERATOR)).status_code == 422
    asking = {"device_code": device["device_code"]}
    assert (await people.ask("POST", "access/devices/token", asking)).status_code == 422
    enable = await people.ask("PUT", user, {"disabled": False}, by=Role.OPERATOR)
    assert enable.status_code == 204
    assert await outcomes() == [200, 200, 200]
    assert (await people.ask("GET", "jobs", by=Role.ARTIST)).status_code == 401
    lines = (await people.ask("GET", "audit?operation=changeUser", by=Role.OPERATOR)).json()
    assert [line["after"]["disabled"] for line in lines["lines"]] == [0, 1]


async def test_the_last_operator_stays(people):
    path = f"access/users/{people.ids[Role.OPERATOR]}"
    lower = {"role": "wrangler"}
    assert (await people.ask("DELETE", path, by=Role.OPERATOR)).status_code == 422
    assert (await people.ask("PUT", path, lower, by=Role.OPERATOR)).status_code == 422
    disabled = {"disabled": True}
    assert (await people.ask("PUT", path, disabled, by=Role.OPERATOR)).status_code == 422
    other = f"access/users/{people.ids[Role.WRANGLER]}"
    assert (await people.ask("PUT", other, {"role": "operator"}, by=Role.OPERATOR)).is_success
    codes: list[int] = []

    async def remove(path: str, by: Role) -> None:
        codes.append((await people.ask("DELETE", path, by=by)).status_code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(remove, path, Role.WRANGLER)
        nursery.start_soon(remove, other, Role.OPERATOR)
    assert codes.count(204) == 1


async def test_artists_change_their_own_jobs_only(people):
    job = (await people.ask("POST", "jobs", JOB, by=Role.ARTIST)).json()
    assert job["metadata"]["user.name"] == "artist"
    other = (await people.ask("POST", "jobs", JOB, by=Role.WRANGLER)).json()
    change = {"priority": 60}
    for each, code in ((job, 204), (other, 403)):
        path = f"jobs/{each['id']}/setpriority"
        assert (await people.ask("POST", path, change, by=Role.ARTIST)).status_code == code
        assert (await people.ask("POST", path, change, by=Role.WRANGLER)).status_code == 204
    both = {"ids": [job["id"], other["id"]], "setpriority": {"priority": 70}}
    done = (await people.ask("POST", "jobs/bulk", both, by=Role.ARTIST)).json()
    assert [each["code"] for each in done["outcomes"]] == [204, 403]
    tasks = (await people.ask("GET", f"jobs/{other['id']}/tasks", by=Role.ARTIST)).json()["tasks"]
    path = f"tasks/{tasks[0]['id']}/setstatus"
    cancel = {"status": "canceled", "reason": "not mine"}
    assert (await people.ask("POST", path, cancel, by=Role.ARTIST)).status_code == 403
    history = (await people.ask("GET", f"jobs/{job['id']}/history", by=Role.VIEWER)).json()
    assert any(each["by"].startswith("artist (") for each in history["entries"])


async def test_a_socket_and_a_stream_end_with_the_sign_in(people):
    url = people.edge.socket_url + "/live"
    with pytest.raises(ConnectionRejected) as refused:
        async with open_websocket_url(url):
            pass
    assert refused.value.status_code == 401
    shown = people.by_cookie(Role.VIEWER)
    headers = [(name.encode(), value.encode()) for name, value in shown.items()]
    with trio.fail_after(PATIENCE):
        async with (
            open_websocket_url(url, extra_headers=headers) as socket,
            client() as http,
            http.stream("GET", f"{people.edge.url}{API}/events", headers=shown) as stream,
        ):
            parts = stream.aiter_bytes()
            await anext(parts)
            assert (await people.ask("POST", "access/sign-out", by=Role.VIEWER)).is_success
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await socket.get_message()
            assert closed.value.reason.code == 1008
            async for _ in parts:
                pass


async def test_a_worker_registers_and_works_by_its_own_credentials_and_sees_no_jobs(people):
    auth = await worker_of(people)
    async with client() as http:
        said = SIGN_ON | {"name": "anna"}
        url = people.edge.url + API
        assert (await http.post(f"{url}/worker/sign-on", json=said, auth=auth)).is_success
        assert (
            await http.get(f"{url}/configuration/variables/workers/linux", auth=auth)
        ).is_success
        assert (await http.get(f"{url}/jobs", auth=auth)).status_code == 403
        assert (await http.get(f"{url}/worker/state", auth=(auth[0], "x"))).status_code == 401


async def test_each_is_told_who_asks_and_what_that_one_may(people):
    nobody = (await people.ask("GET", "access/me")).json()
    assert nobody == {"mode": "users", "may": ["visit"], "danger": "clear"}
    me = (await people.ask("GET", "access/me", by=Role.ARTIST)).json()
    assert me["user"]["name"] == "artist"
    assert {Permission(each) for each in me["may"]} == PERMISSIONS_OF[Role.ARTIST]


@pytest.mark.parametrize(
    ("listen", "headers", "danger"),
    [
        (":8080", {}, "clear"),
        (":8080", {"X-Forwarded-Proto": "https"}, None),
        ("127.0.0.1:8080", {}, None),
        ("127.0.0.1:8080", {"X-Forwarded-For": "192.0.2.7"}, "clear"),
    ],
)
async def test_who_is_reached_without_encryption_says_so(tmp_path, listen, headers, danger):
    config = attrs.evolve(USERS, listen=listen, trusted_proxies=(ip_network("127.0.0.1"),))
    async with edge_at(tmp_path, config) as edge:
        me = (await edge.http.get(f"{API}/access/me", headers=headers)).json()
        assert me.get("danger") == danger


async def test_the_first_operator_is_asked_for_until_there_is_one(tmp_path):
    async with edge_at(tmp_path, USERS) as edge:
        made = People(edge, {}, {})
        old = await first_operators_link(edge.farm)
        new = await first_operators_link(edge.farm)
        link = {"password": PASSWORD, "name": "Ann"}
        assert (
            await made.ask("POST", "access/use-link", link | {"secret": old})
        ).status_code == 401
        answer = await made.ask("POST", "access/use-link", link | {"secret": new})
        assert answer.json()["user"]["name"] == "Ann"
        assert answer.json()["user"]["role"] == "operator"
        assert await first_operators_link(edge.farm) is None


async def test_in_an_open_farm_nobody_signs_in_or_prepares_a_way_in_for_later(edge):
    me = (await edge.http.get(f"{API}/access/me")).json()
    assert (me["mode"], me["danger"]) == ("open", "open")
    body = {"name": "ann", "password": PASSWORD}
    for path, sent in (("sign-in", body), ("users", {"name": "ann", "role": "operator"})):
        answer = await edge.http.post(f"{API}/access/{path}", json=sent)
        assert answer.status_code == 409


async def test_a_farm_whose_workers_are_not_approved_by_hand_takes_none_without_a_secret(tmp_path):
    without = ManagerConfig(auth=AuthConfig(mode=AuthMode.USERS, approve_workers=False))
    async with edge_at(tmp_path, without) as edge:
        answer = await People(edge, {}, {}).ask(
            "POST", "worker/register-worker", REGISTRATION | NEW
        )
        assert answer.status_code == 403


async def test_farms_on_one_machine_leave_each_others_cookies_alone(people, tmp_path):
    async with edge_at(tmp_path / "other", USERS) as edge:
        other = People(edge, {}, {})
        secret = people.links[Role.OPERATOR]
        assert other.cookie != people.cookie
        for name in (people.cookie, other.cookie):
            shown = {"Cookie": f"{name}={secret}"}
            assert (await other.ask("GET", "jobs", headers=shown)).status_code == 401
        both = {"Cookie": f"{other.cookie}=another; {people.cookie}={secret}"}
        assert (await people.ask("GET", "jobs", headers=both)).is_success


@pytest.mark.parametrize("moved", ["seen", "expires"])
async def test_a_sign_in_is_over_in_time(people, moved):
    """Its row is made older, as time would."""
    found = (await people.edge.farm.services.reader.ask(all_credentials))[0]
    assert found.kind is CredentialKind.SIGN_IN
    old = attrs.evolve(found, **{moved: clock.now() - IDLE})
    role = next(role for role, key in people.ids.items() if key == found.user_id)
    for code, each in ((200, found), (401, old)):
        await people.edge.farm.people.ask(Admit(each))
        assert (await people.ask("GET", "jobs", by=role)).status_code == code
