"""Addresses of a person's own: what the add-on of Flamenco 3 asks, and nothing else."""

import pytest

from flamenco.model.access import Role, Scope
from tests.web.conftest import JOB
from tests.web.people import client

LARGE = bytes(2 * 2**20)
"""A file larger than any other body may be."""
SHA = "5647f05ec18958947d32874eeb788fa396a05d0bab7c1b71f112ceb7e9b31eee"


@pytest.fixture
def ask(people):
    async def asked(token: str, method: str, path: str, body=None, **options):
        url = f"{people.edge.url}/as/{token}/api/v3/{path}"
        async with client() as http:
            return await http.request(method, url, json=body, **options)

    return asked


async def token_of(people, role: Role, *scopes: Scope) -> str:
    return (await people.token(role, *scopes))["Authorization"].partition(" ")[2]


async def test_the_add_on_of_flamenco_3_submits_as_the_person_whose_address_it_has(people, ask):
    mine = await token_of(people, Role.ARTIST, Scope.READ, Scope.SUBMIT)
    for path in (
        "version",
        "configuration",
        "configuration/shared-storage/users/linux",
        "jobs/types",
        "worker-mgt/tags",
    ):
        assert (await ask(mine, "GET", path)).status_code == 200, path
    assert (await ask(mine, "POST", "jobs/check", JOB)).status_code == 204
    job = (await ask(mine, "POST", "jobs", JOB)).json()
    assert job["metadata"]["user.name"] == "artist"
    for path, body in (
        (f"jobs/{job['id']}/setpriority", {"priority": 60}),
        ("worker-mgt/tags", {"name": "gpu"}),
        ("access/tokens", {"name": "more"}),
    ):
        assert (await ask(mine, "POST", path, body)).status_code == 403, path


async def test_only_a_token_that_may_submit_and_nothing_else_stands_in_an_address(people, ask):
    more = await token_of(people, Role.ARTIST, Scope.SUBMIT, Scope.JOBS)
    for secret in (more, "wrong", people.links[Role.OPERATOR]):
        assert (await ask(secret, "GET", "jobs")).status_code == 401
        shown = {"Authorization": f"Bearer {more}", **people.by_cookie(Role.OPERATOR)}
        assert (await ask(secret, "GET", "jobs", headers=shown)).status_code == 401


async def test_an_address_is_over_with_its_token(people, ask):
    mine = await token_of(people, Role.ARTIST, Scope.SUBMIT)
    listed = (await people.ask("GET", "access/credentials", by=Role.ARTIST)).json()["credentials"]
    (token,) = [each["id"] for each in listed if each["kind"] == "token"]
    assert (await ask(mine, "GET", "jobs")).status_code == 200
    await people.ask("DELETE", f"access/credentials/{token}", by=Role.ARTIST)
    assert (await ask(mine, "GET", "jobs")).status_code == 401


async def test_where_everybody_may_ask_an_address_from_before_still_leads_there(edge):
    async with client() as http:
        url = f"{edge.url}/as/{edge.token}/api/v3"
        assert (await http.get(f"{url}/jobs")).status_code == 200
        sent = await http.post(f"{url}/shaman/files/{SHA}/{len(LARGE)}", content=LARGE)
        assert sent.status_code == 204, sent.text
        away = {"X-Forwarded-For": "192.0.2.7"}
        change = {"listen": "127.0.0.1:9"}
        refused = await http.put(f"{url}/configuration/file", json=change, headers=away)
        assert refused.status_code == 403
