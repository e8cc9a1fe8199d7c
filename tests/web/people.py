"""People who use a farm in which it matters who asks."""

import re
import ssl

import attrs
import httpx

from flamenco.config.auth import AuthConfig
from flamenco.config.manager import ManagerConfig
from flamenco.model.access import AuthMode, Role, Scope
from tests.patience import PATIENCE
from web.gate import cookie_name
from web.operations import API
from web.signing import first_operators_link

USERS = ManagerConfig(auth=AuthConfig(mode=AuthMode.USERS), registration_secret="hush")
PASSWORD = "correct horse battery staple"
PAGE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of requests of the Manager's own page."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Without certificates, whose reading takes longer than most tests."""


@attrs.define
class People:
    """A farm with a user of each role, who have signed in."""

    edge: object
    links: dict[Role, str]
    """Secrets of their sign-ins."""
    ids: dict[Role, str]

    @property
    def cookie(self) -> str:
        """Name of the cookie of a sign-in."""
        return cookie_name(self.edge.farm)

    def by_cookie(self, role: Role) -> dict[str, str]:
        return {"Cookie": f"{self.cookie}={self.links[role]}", **PAGE}

    async def ask(self, method, path, body=None, *, by=None, headers=None):
        """The answer to a user with this role, to these headers, or to nobody."""
        shown = self.by_cookie(by) if by else {}
        url = f"{self.edge.url}{API}/{path}"
        async with client() as http:
            return await http.request(method, url, json=body, headers=shown | (headers or {}))

    async def token(self, role: Role, *scopes: Scope) -> dict[str, str]:
        body = {"name": "nightly", "scopes": scopes}
        answer = await self.ask("POST", "access/tokens", body, by=role)
        return {"Authorization": f"Bearer {answer.json()['secret']}"}


def client() -> httpx.AsyncClient:
    """A client that keeps no cookies, and reads no answer that it need not."""
    return httpx.AsyncClient(timeout=PATIENCE, verify=NO_TLS)


def cookie_of(answer) -> str:
    return re.search(r"flamenco_\w+=([\w-]+)", answer.headers["set-cookie"])[1]


async def people_at(edge) -> People:
    """A user of each role in a farm that has none yet."""
    made = People(edge, {}, {})
    link = {"secret": await first_operators_link(edge.farm), "password": PASSWORD}
    answer = await made.ask("POST", "access/use-link", link | {"name": "operator"})
    made.links[Role.OPERATOR] = cookie_of(answer)
    made.ids[Role.OPERATOR] = answer.json()["user"]["id"]
    for role in list(Role)[:-1]:
        body = {"name": role, "role": role}
        added = (await made.ask("POST", "access/users", body, by=Role.OPERATOR)).json()
        link = {"secret": added["secret"], "password": PASSWORD}
        answer = await made.ask("POST", "access/use-link", link)
        made.links[role] = cookie_of(answer)
        made.ids[role] = added["user"]["id"]
    return made
