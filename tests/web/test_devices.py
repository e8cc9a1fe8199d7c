"""Devices that are let in by a code, at a real Manager's edge."""

import pytest

from flamenco.access.attempts import FREE
from flamenco.model.access import Role
from web.operations import API


@pytest.fixture
async def begin(people):
    async def begun(**wanted):
        answer = await people.ask("POST", "access/devices", {"name": "Blender on anna"} | wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return begun


async def asked(people, device):
    body = {"device_code": device["device_code"]}
    return await people.ask("POST", "access/devices/token", body)


async def confirmed(people, device, *, by=Role.ARTIST, allow=True):
    body = {"user_code": device["user_code"], "allow": allow}
    return await people.ask("POST", "access/devices/confirm", body, by=by)


async def test_a_device_gets_a_token_of_the_person_who_confirms_its_code(people, begin):
    device = await begin()
    page = f"{people.edge.url}/app/device"
    assert device["verification_uri"] == page
    assert device["verification_uri_complete"] == f"{page}?code={device['user_code']}"
    told = await asked(people, device)
    assert (told.status_code, told.json()["error"]) == (400, "authorization_pending")
    early = await asked(people, device)
    assert early.json()["error"] == "slow_down"

    other = await begin()
    path = f"access/devices/{other['user_code']}"
    shown = (await people.ask("GET", path, by=Role.ARTIST)).json()
    assert shown["name"] == "Blender on anna"
    assert shown["address"] == "127.0.0.1"
    assert (await confirmed(people, other)).is_success
    got = (await asked(people, other)).json()
    assert (got["user"], got["scopes"]) == ("artist", ["submit", "jobs"])
    bearer = {"Authorization": f"Bearer {got['token']}"}
    me = (await people.ask("GET", "access/me", headers=bearer)).json()
    assert me["user"]["name"] == "artist"
    assert not {"jobs", "account"} & set(me["may"])
    assert (await asked(people, other)).json()["error"] == "expired_token"
    listed = (await people.ask("GET", "access/credentials", by=Role.ARTIST)).json()["credentials"]
    assert "Blender on anna" in [each["name"] for each in listed]


async def test_a_refused_device_stays_outside(people, begin):
    device = await begin()
    assert (await confirmed(people, device, allow=False)).is_success
    assert (await asked(people, device)).json()["error"] == "access_denied"


async def test_only_a_person_who_has_signed_in_confirms_and_guesses_slowly(people, begin):
    device = await begin()
    assert (await confirmed(people, device, by=None)).status_code == 401
    token = await people.token(Role.OPERATOR, *("submit", "jobs", "settings"))
    body = {"user_code": device["user_code"], "allow": True}
    by_token = await people.ask("POST", "access/devices/confirm", body, headers=token)
    assert by_token.status_code == 403
    wrong = {"user_code": "BBBB-BBBB"}
    codes = [(await confirmed(people, wrong)).status_code for _ in range(FREE + 1)]
    assert codes == [404] * FREE + [429]
    assert (await confirmed(people, device)).status_code == 429
    assert (await confirmed(people, device, by=Role.VIEWER)).is_success


async def test_one_address_may_begin_so_many(people, begin):
    for _ in range(10):
        await begin()
    answer = await people.ask("POST", "access/devices", {"name": "x"})
    assert answer.status_code == 429


async def test_in_an_open_farm_no_device_needs_to_be_let_in(edge):
    for path, body in (("", {"name": "x"}), ("/token", {"device_code": "x"})):
        assert (await edge.http.post(f"{API}/access/devices{path}", json=body)).status_code == 409
