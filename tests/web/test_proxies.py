"""What a trusted proxy tells of its clients counts, and nobody else is believed."""

from ipaddress import ip_network

import attrs
import pytest

from flamenco.config.auth import AuthConfig
from flamenco.config.manager import ManagerConfig
from flamenco.manager.people import AddFirstOperator
from flamenco.model.access import AuthMode
from tests.web.conftest import edge_at
from tests.web.people import PASSWORD
from web.proxies import NOBODY, as_seen
from web.signing import new_link

PROXY, INNER = "10.0.0.1", "10.0.0.2"
TRUSTED = (ip_network("10.0.0.0/30"), ip_network("fd00::/8"))
HERE = (ip_network("127.0.0.1"),)
API = "/api/v3"


def scope(client, *headers, kind="http", scheme="http"):
    lines = [(name.lower().encode(), value.encode()) for name, value in headers]
    return {"type": kind, "scheme": scheme, "client": client, "headers": lines}


def forwarded(*values):
    return [("X-Forwarded-For", value) for value in values]


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        (PROXY, ["8.8.8.8"], "8.8.8.8"),
        (PROXY, ["6.6.6.6, 8.8.8.8"], "8.8.8.8"),
        (PROXY, ["6.6.6.6", "8.8.8.8"], "8.8.8.8"),
        (PROXY, [f"6.6.6.6, 8.8.8.8, {INNER}"], "8.8.8.8"),
        (PROXY, ["127.0.0.1, 8.8.8.8"], "8.8.8.8"),
        (PROXY, [f"{INNER}"], INNER),
        (PROXY, ["unknown"], "unknown"),
        (PROXY, ["2001:db8::7"], "2001:db8::7"),
        (f"::ffff:{PROXY}", ["8.8.8.8"], "8.8.8.8"),
        ("fd00::1", ["8.8.8.8"], "8.8.8.8"),
        (PROXY, [], ""),
        (PROXY, [" , "], ""),
        ("9.9.9.9", ["8.8.8.8"], "9.9.9.9"),
        ("127.0.0.1", ["8.8.8.8"], "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_who_is_no_trusted_proxy(peer, told, client):
    seen = as_seen(scope((peer, 5), *forwarded(*told)), TRUSTED)
    assert seen["client"][0] == client


@pytest.mark.parametrize(
    ("peer", "told", "scheme", "seen"),
    [
        (PROXY, "https", "http", "https"),
        (PROXY, "https", "ws", "wss"),
        (PROXY, "http", "http", "http"),
        (PROXY, "http, https", "http", "https"),
        (PROXY, "https, http", "http", "http"),
        (PROXY, "gopher", "http", "http"),
        ("9.9.9.9", "https", "http", "http"),
    ],
)
def test_a_trusted_proxy_tells_if_its_client_speaks_tls(peer, told, scheme, seen):
    asked = scope((peer, 5), ("X-Forwarded-Proto", told), scheme=scheme)
    assert as_seen(asked, TRUSTED)["scheme"] == seen


def test_without_trusted_proxies_nothing_is_seen_otherwise():
    asked = scope((PROXY, 5), *forwarded("8.8.8.8"), ("X-Forwarded-Proto", "https"))
    assert as_seen(asked, ()) is asked
    assert as_seen({"type": "lifespan"}, TRUSTED) == {"type": "lifespan"}
    assert as_seen(scope(None), TRUSTED)["client"] is None
    assert as_seen(scope((PROXY, 5)), TRUSTED)["client"] == NOBODY


async def register(edge, **headers):
    """The address of a Worker that registers, as the farm knows it."""
    body = {"name": "anna", "platform": "linux", "secret": "s" * 20, "supported_task_types": []}
    answer = await edge.http.post(f"{API}/worker/register-worker", json=body, headers=headers)
    worker = answer.raise_for_status().json()["uuid"]
    known = await edge.http.get(f"{API}/worker-mgt/workers/{worker}")
    return known.json()["ip_address"]


async def test_the_operator_says_live_which_proxies_are_trusted(edge):
    told = {"X-Forwarded-For": "8.8.8.8"}
    assert await register(edge, **told) == "127.0.0.1"
    config = attrs.evolve(edge.farm.services.config, trusted_proxies=HERE)
    edge.farm.services.take_over(config)
    assert await register(edge, **told) == "8.8.8.8"


@pytest.mark.parametrize(
    ("trusted", "headers", "status"),
    [
        ((), {}, 200),
        ((), {"X-Forwarded-For": "127.0.0.1"}, 403),
        (HERE, {}, 403),
        (HERE, {"X-Forwarded-For": "127.0.0.1"}, 403),
    ],
)
async def test_who_comes_by_a_proxy_on_this_machine_is_no_operator(
    tmp_path, trusted, headers, status
):
    async with edge_at(tmp_path, ManagerConfig(trusted_proxies=trusted)) as edge:
        wanted = f"{API}/worker-mgt/join-tokens"
        answer = await edge.http.post(wanted, json={"name": "anna"}, headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize("trusted", [(), HERE])
async def test_cookies_are_kept_to_tls_if_a_trusted_proxy_has_it(tmp_path, trusted):
    config = ManagerConfig(auth=AuthConfig(mode=AuthMode.USERS), trusted_proxies=trusted)
    async with edge_at(tmp_path, config) as edge:
        secret, link = new_link("")
        await edge.farm.people.ask(AddFirstOperator(link))
        answer = await edge.http.post(
            f"{API}/access/use-link",
            json={"secret": secret, "password": PASSWORD},
            headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "8.8.8.8"},
        )
        cookie = answer.raise_for_status().headers["set-cookie"]
        assert ("Secure" in cookie) is bool(trusted)
        assert ("danger" in answer.json()) is not bool(trusted)
