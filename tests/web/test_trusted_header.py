"""A proxy that is trusted names who asks, and nobody else does."""

import logging
from ipaddress import ip_network

import attrs
import pytest

from flamenco.config.auth import AuthConfig, RolesConfig
from flamenco.config.manager import ManagerConfig
from flamenco.model.access import AuthMode
from tests.web.conftest import edge_at
from tests.web.people import PAGE, client, cookie_of
from web.gate import cookie_name
from web.operations import API

AUTH = AuthConfig(
    mode=AuthMode.USERS,
    trusted_header="Remote-User",
    trusted_groups_header="Remote-Groups",
    roles=RolesConfig(viewer=("*",), operator=("it",)),
)
CONFIG = ManagerConfig(auth=AUTH, trusted_proxies=(ip_network("127.0.0.1"),))


def named(name: str, groups: str = "") -> dict[str, str]:
    return {"Remote-User": name, "remote-groups": groups, "X-Forwarded-For": "8.8.8.8"}


async def ask(edge, method, path, headers):
    async with client() as http:
        return await http.request(method, f"{edge.url}{API}/{path}", headers=PAGE | headers)


async def test_whom_a_trusted_proxy_names_is_signed_in_for_as_long_as_it_does(tmp_path):
    async with edge_at(tmp_path, CONFIG) as edge:
        assert (await ask(edge, "GET", "jobs", named("Ann"))).status_code == 401
        asked = await ask(edge, "GET", "access/me", named("Ann"))
        assert asked.json()["named_by_proxy"]
        entered = await ask(edge, "POST", "access/proxy/sign-in", named("Ann", "art, it"))
        user = entered.json()["user"]
        assert (user["name"], user["role"], user["source"]) == ("Ann", "operator", "proxy")
        cookie = {"Cookie": f"{cookie_name(edge.farm)}={cookie_of(entered)}"}
        for who, code in (("Ann", 200), ("ann", 401), ("Bob", 401), ("", 401)):
            assert (await ask(edge, "GET", "jobs", cookie | named(who))).status_code == code
        assert (await ask(edge, "GET", "jobs", cookie)).status_code == 401
        ticket = {"Authorization": "Negotiate TlRMTVNTUAAB"}
        assert (await ask(edge, "GET", "jobs", cookie | named("Ann") | ticket)).status_code == 200
        assert (await ask(edge, "GET", "jobs", named("Ann") | ticket)).status_code == 401
        other = await ask(edge, "POST", "access/proxy/sign-in", cookie | named("Bob"))
        assert other.json()["user"]["role"] == "viewer"
        again = await ask(edge, "POST", "access/proxy/sign-in", named("Ann", "it"))
        assert again.json()["user"] == user


@pytest.mark.parametrize("name", ["", "x" * 101])
async def test_who_is_not_named_is_not_signed_in(tmp_path, name):
    async with edge_at(tmp_path, CONFIG) as edge:
        answer = await ask(edge, "POST", "access/proxy/sign-in", named(name))
        assert answer.status_code == 403


async def test_a_name_behind_that_of_a_client_is_no_proof(tmp_path):
    async with edge_at(tmp_path, CONFIG) as edge, client() as http:
        twice = [("Remote-User", "operator"), ("Remote-User", "Ann"), *PAGE.items()]
        url = f"{edge.url}{API}/access/proxy/sign-in"
        assert (await http.post(url, headers=twice)).status_code == 403
        greek = [(b"Remote-User", "Ζωή".encode()), (b"sec-fetch-site", b"same-origin")]
        assert (await http.post(url, headers=greek)).json()["user"]["name"] == "Ζωή"


async def test_nobody_else_names_anybody_and_the_log_tells_who_tried(tmp_path, caplog):
    elsewhere = attrs.evolve(CONFIG, trusted_proxies=(ip_network("10.0.0.7"),))
    async with edge_at(tmp_path, elsewhere) as edge:
        with caplog.at_level(logging.WARNING, "web.proxies"):
            for _ in range(3):
                answer = await ask(edge, "POST", "access/proxy/sign-in", named("Ann", "it"))
                assert answer.status_code == 403
        said = [each for each in caplog.messages if "names a person" in each]
        assert len(said) == 1
        assert "127.0.0.1" in said[0]
        assert "named_by_proxy" not in (await ask(edge, "GET", "access/me", named("Ann"))).json()


async def test_without_such_a_header_no_proxy_signs_anybody_in(tmp_path):
    without = attrs.evolve(CONFIG, auth=AuthConfig(mode=AuthMode.USERS))
    async with edge_at(tmp_path, without) as edge:
        answer = await ask(edge, "POST", "access/proxy/sign-in", named("Ann"))
        assert answer.status_code == 409
