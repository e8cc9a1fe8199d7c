"""People sign in by a provider of OpenID Connect that is not ours."""

from contextlib import asynccontextmanager
from urllib.parse import quote

import attrs
import httpx
import pytest
import trio

from flamenco.config.auth import AuthConfig, OidcConfig, RolesConfig
from flamenco.config.manager import ManagerConfig
from flamenco.model.access import AuthMode, Role
from tests.patience import PATIENCE
from tests.web.conftest import edge_at
from tests.web.people import NO_TLS, PAGE, PASSWORD, client, cookie_of, people_at
from tests.web.providers import CLIENT, SECRET, came_back, mock_provider, node_provider
from web.gate import cookie_name
from web.operations import API
from web.signing import first_operators_link

ROLES = RolesConfig(artist=("artists",), wrangler=("leads",), operator=("it", "admins"))
HTTP = f"{API}/access/single-sign-on"


def config_of(issuer: str, **more) -> ManagerConfig:
    oidc = OidcConfig(issuer=issuer, client_id=CLIENT, client_secret=SECRET, name="Studio", **more)
    return ManagerConfig(auth=AuthConfig(mode=AuthMode.USERS, roles=ROLES, oidc=oidc))


@pytest.fixture(scope="module")
def mock(tmp_path_factory):
    with mock_provider(tmp_path_factory.mktemp("provider")) as url:
        yield url


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with node_provider(tmp_path_factory.mktemp("provider")) as url:
        yield url


@asynccontextmanager
async def browser_at(edge):
    """A browser that keeps cookies, and has the Manager's page open."""
    async with httpx.AsyncClient(timeout=PATIENCE, verify=NO_TLS) as http:
        yield Browser(http, edge.url)


@attrs.frozen
class Browser:
    http: httpx.AsyncClient
    url: str

    async def ask(self, method, path, body=None) -> httpx.Response:
        return await self.http.request(method, f"{self.url}{API}/{path}", json=body, headers=PAGE)

    async def sent_back(self, name: str) -> dict[str, str]:
        """What the provider tells the page, once somebody has signed in there."""
        begun = await self.ask("POST", "access/single-sign-on/begin")
        assert begun.is_success, begun.text
        back = await came_back(self.http, begun.json()["address"], name, f"{self.url}/app/sign-in?")
        return {key: back.params[key] for key in ("code", "state")}

    async def sign_in(self, name: str) -> httpx.Response:
        return await self.finish(await self.sent_back(name))

    async def finish(self, told: dict[str, str]) -> httpx.Response:
        return await self.ask("POST", "access/single-sign-on/finish", told)

    async def me(self) -> dict:
        return (await self.ask("GET", "access/me")).json()


async def known_to(mock: str, name: str, **claims) -> None:
    async with client() as http:
        told = {"preferred_username": name, **claims}
        (await http.put(f"{mock}/users/{quote(name)}", json=told)).raise_for_status()


async def test_who_is_in_a_group_becomes_a_user_with_its_role_and_has_a_new_one_later(
    mock, tmp_path
):
    async with edge_at(tmp_path, config_of(mock)) as edge, browser_at(edge) as browser:
        assert (await browser.me())["single_sign_on"] == "Studio"
        await known_to(mock, "Ann", groups=["artists", "runners"])
        first = await browser.sign_in("Ann")
        assert first.is_success, first.text
        user = first.json()["user"]
        assert (user["name"], user["role"]) == ("Ann", "artist")
        assert (await browser.me())["user"] == user
        assert not user["has_password"]
        await known_to(mock, "Ann", groups="leads")
        before = cookie_of(first)
        again = await browser.sign_in("Ann")
        assert again.json()["user"] == {**user, "role": "wrangler"}
        async with client() as http:
            old = {"Cookie": f"{cookie_name(edge.farm)}={before}"}
            assert (await http.get(f"{edge.url}{API}/jobs", headers=old)).status_code == 401
        out = await browser.ask("POST", "access/sign-out")
        assert out.json()["address"].startswith(f"{mock}/oauth2/end_session?client_id=farm&")
        assert "user" not in await browser.me()


@pytest.mark.parametrize("groups", [[], ["runners"], [7, None, {"it": 1}], "operator"])
async def test_who_is_in_no_group_with_a_role_is_refused_and_becomes_no_user(
    mock, tmp_path, groups
):
    async with edge_at(tmp_path, config_of(mock)) as edge, browser_at(edge) as browser:
        await known_to(mock, "Bob", groups=groups)
        refused = await browser.sign_in("Bob")
        assert refused.status_code == 403
        assert "none of the groups has a role" in refused.json()["message"]
        assert "user" not in await browser.me()
        people = await people_at(edge)
        users = (await people.ask("GET", "access/users", by=Role.OPERATOR)).json()["users"]
        assert {user["name"] for user in users} == {*Role}


async def test_npms_provider_lets_people_in_and_out(node, tmp_path):
    async with edge_at(tmp_path, config_of(node)) as edge, browser_at(edge) as browser:
        entered = await browser.sign_in("ann")
        assert entered.is_success, entered.text
        assert entered.json()["user"]["role"] == "artist"
        out = (await browser.ask("POST", "access/sign-out")).json()["address"]
        asked = await browser.http.get(out)
        assert "Do you want to sign-out" in asked.text
    wrong = attrs.evolve(config_of(node).auth.oidc, client_secret="wrong")
    config = config_of(node)
    config = attrs.evolve(config, auth=attrs.evolve(config.auth, oidc=wrong))
    async with edge_at(tmp_path / "other", config) as edge, browser_at(edge) as browser:
        refused = await browser.sign_in("ann")
        assert refused.status_code == 503
        assert "invalid_client" in refused.json()["message"]


async def test_a_code_is_good_once_and_in_the_browser_that_began_alone(mock, tmp_path):
    async with (
        edge_at(tmp_path, config_of(mock)) as edge,
        browser_at(edge) as mine,
        browser_at(edge) as other,
    ):
        await known_to(mock, "Ann", groups=["artists"])
        told = await mine.sent_back("Ann")
        assert (await other.finish(told)).status_code == 403
        await other.ask("POST", "access/single-sign-on/begin")
        assert (await other.finish(told)).status_code == 403
        assert (await mine.finish({**told, "state": told["state"][:-1]})).status_code == 403
        cookies = httpx.Cookies(mine.http.cookies)
        assert (await mine.finish(told)).is_success
        mine.http.cookies = cookies
        again = await mine.finish(told)
        assert again.status_code == 403
        assert "begin anew" in again.json()["message"]
        flags = (await other.ask("POST", "access/single-sign-on/begin")).headers["set-cookie"]
        assert "HttpOnly" in flags
        assert "SameSite=Strict" in flags


async def test_who_has_no_role_any_more_loses_what_is_open_and_tokens_too(mock, tmp_path):
    async with edge_at(tmp_path, config_of(mock)) as edge, browser_at(edge) as browser:
        await people_at(edge)
        await known_to(mock, "Ann", groups=["artists"])
        assert (await browser.sign_in("Ann")).is_success
        wanted = {"name": "script", "scopes": ["read"], "days": 300}
        token = (await browser.ask("POST", "access/tokens", wanted)).json()["secret"]
        shown = {"Authorization": f"Bearer {token}"}
        async with client() as http:
            assert (await http.get(f"{edge.url}{API}/jobs", headers=shown)).status_code == 200
            await known_to(mock, "Ann", groups=["runners"])
            assert (await browser.sign_in("Ann")).status_code == 403
            assert (await http.get(f"{edge.url}{API}/jobs", headers=shown)).status_code == 401
        assert "user" not in await browser.me()


async def test_who_finishes_what_nobody_began_is_slowed_down(mock, tmp_path):
    async with edge_at(tmp_path, config_of(mock)) as edge, browser_at(edge) as browser:
        told = {"code": "x", "state": "y"}
        answers = [(await browser.finish(told)).status_code for _ in range(7)]
        assert set(answers) == {403, 429}
        assert answers[0] == 403


async def test_nobody_takes_over_a_user_by_calling_oneself_so(mock, tmp_path):
    async with edge_at(tmp_path, config_of(mock)) as edge, browser_at(edge) as browser:
        people = await people_at(edge)
        await known_to(mock, "Operator", groups=["it"])
        refused = await browser.sign_in("Operator")
        assert refused.status_code == 422
        assert "there is a user Operator already" in refused.json()["message"]
        mine = {"name": "operator", "password": PASSWORD}
        assert (await people.ask("POST", "access/sign-in", mine)).is_success


async def test_an_operator_by_single_sign_on_needs_no_link_and_is_not_the_last_to_leave(
    mock, tmp_path
):
    async with edge_at(tmp_path, config_of(mock)) as edge, browser_at(edge) as browser:
        assert await first_operators_link(edge.farm)
        await known_to(mock, "Ida", groups=["admins"])
        assert (await browser.sign_in("Ida")).is_success
        assert await first_operators_link(edge.farm) is None
        for groups in (["artists"], []):
            await known_to(mock, "Ida", groups=groups)
            assert (await browser.sign_in("Ida")).json()["user"]["role"] == "operator"
    without = ManagerConfig(auth=AuthConfig(mode=AuthMode.USERS))
    async with edge_at(tmp_path, without) as edge:
        assert await first_operators_link(edge.farm)


async def test_the_audit_log_tells_who_came_in_and_who_was_refused(mock, tmp_path):
    async with edge_at(tmp_path, config_of(mock)) as edge, browser_at(edge) as browser:
        await known_to(mock, "Ida", groups=["it"])
        await known_to(mock, "Bob", groups=[])
        await browser.sign_in("Bob")
        await browser.sign_in("Ida")
        lines = (await browser.ask("GET", "audit?operation=finishSingleSignOn")).json()["lines"]
        entered, refused = lines
        assert entered["who"].startswith("Ida (")
        assert refused["after"] == {"refused": True}
        assert "code" not in refused["asked"]


async def test_a_provider_that_is_down_is_told_and_asked_again_later(tmp_path):
    with trio.fail_after(PATIENCE):
        async with (
            edge_at(tmp_path, config_of("http://127.0.0.1:9")) as edge,
            browser_at(edge) as browser,
        ):
            down = await browser.ask("POST", "access/single-sign-on/begin")
            assert down.status_code == 503
            assert "can't be reached" in down.json()["message"]


async def test_without_a_provider_there_is_no_single_sign_on(people):
    for path, body in (("begin", None), ("finish", {"code": "x", "state": "y"})):
        answer = await people.ask("POST", f"access/single-sign-on/{path}", body)
        assert answer.status_code in (403, 409)
    assert "single_sign_on" not in (await people.ask("GET", "access/me")).json()
