"""People say over the API where they hear of the farm, and see what was sent."""

import json

import attrs
import pytest

from flamenco.config.manager import ManagerConfig, Outgoing, manager_config_from
from flamenco.manager import outbox
from flamenco.model.access import Role, Scope
from flamenco.model.deliveries import Outcome
from flamenco.store.outbox import SUBSCRIPTIONS
from tests.patience import until
from tests.receivers import HERE, receiver  # noqa: F401
from tests.web.conftest import JOB, call, edge_at
from tests.web.test_requests import canceled
from tests.web.test_worker_calls import NOBODY

SECRET = "mailto://anna:hush@example.com"
PEOPLE = {"name": "the studio", "channel": "apprise", "address": SECRET, "wishes": {"gather": 0}}
PROGRAM = PEOPLE | {"channel": "webhook", "address": "https://example.com/token"}


@pytest.fixture(autouse=True)
def sent(monkeypatch, request):
    """What would be sent, unless the test sends in earnest."""
    found = []

    async def keep(sending):
        found.append(sending)
        return Outcome()

    if "receiver" not in request.fixturenames:
        monkeypatch.setattr(outbox, "send", keep)
    return found


async def add(edge, body) -> str:
    return (await call(edge, "POST", "notices/subscriptions", body))["subscription"]["id"]


async def deliveries(edge):
    found = (await call(edge, "GET", "notices/deliveries"))["deliveries"]
    return found if found and all(each["state"] != "waiting" for each in found) else None


async def test_a_canceled_job_is_told_and_the_log_says_so(edge, sent):
    await add(edge, PEOPLE)
    await canceled(edge)
    (told,) = await until(lambda: deliveries(edge))
    assert (told["state"], told["notices"], told["attempts"]) == ("sent", 1, 1)
    assert "was canceled" in told["text"]
    assert sent[0].title.endswith(": job canceled")
    assert sent[0].address == SECRET


async def test_only_what_is_wanted_is_told(edge, sent):
    failures = PEOPLE["wishes"] | {"kinds": ["job-failed"]}
    await add(edge, PEOPLE | {"wishes": failures})
    await add(edge, PEOPLE | {"wishes": {"jobs": "tag", "tag": NOBODY, "gather": 0}})
    await add(edge, PEOPLE | {"wishes": {"template": "$kind: $text", "gather": 0}})
    await canceled(edge)
    await until(lambda: deliveries(edge))
    assert [each.body.startswith("job canceled: ") for each in sent] == [True]


async def test_an_address_is_not_told_again_and_stays_when_it_is_left_out(edge, sent):
    made = await add(edge, PEOPLE)
    (shown,) = (await call(edge, "GET", "notices/subscriptions"))["subscriptions"]
    assert shown["address"] == "mailto://…"
    change = {"name": "others", "wishes": {"quiet": {"start": "22:00", "end": "07:00"}}}
    await call(edge, "PUT", f"notices/subscriptions/{made}", change, 204)
    (shown,) = (await call(edge, "GET", "notices/subscriptions"))["subscriptions"]
    assert (shown["name"], shown["wishes"]["quiet"]["start"]) == ("others", "22:00")
    await call(edge, "POST", f"notices/subscriptions/{made}/test", status=204)
    await until(lambda: deliveries(edge))
    assert sent[0].address == SECRET
    await call(edge, "DELETE", f"notices/subscriptions/{made}", status=204)
    assert (await call(edge, "GET", "notices/deliveries"))["deliveries"] == []
    for method, path in (("POST", f"{made}/test"), ("DELETE", made)):
        await call(edge, method, f"notices/subscriptions/{path}", status=404)


async def test_a_delivery_that_has_ended_is_sent_again(edge, sent):
    made = await add(edge, PROGRAM)
    await call(edge, "POST", f"notices/subscriptions/{made}/test", status=204)
    (first,) = await until(lambda: deliveries(edge))
    await call(edge, "POST", f"notices/deliveries/{first['id']}/again", status=204)
    await until(lambda: len(sent) == 2)
    ids = {each.headers["webhook-id"] for each in sent}
    assert ids == {first["id"]}
    await call(edge, "POST", f"notices/deliveries/{NOBODY}/again", status=404)


WRONG = (
    ({"address": "no address"}, "address"),
    ({"address": "syslog://x"}, "address"),
    ({"channel": "webhook", "address": "ftp://x"}, "address"),
    ({"channel": "webhook", "address": "https://[x"}, "address"),
    ({"wishes": {"template": "$password"}}, "template"),
    ({"wishes": {"quiet": {"start": "25:00"}}}, "start"),
    ({"wishes": {"jobs": "tag"}}, "tag"),
)


async def test_what_cannot_be_sent_is_refused_with_what_is_wrong(edge):
    for change, wrong in WRONG:
        refused = await call(edge, "POST", "notices/subscriptions", PEOPLE | change, 400)
        assert wrong in refused["message"]


async def test_a_template_is_shown_as_it_would_be_read(edge):
    shown = await call(edge, "POST", "notices/preview", {"template": "[$kind] $text"})
    assert shown["body"].startswith("[job done] ")
    assert "2 notices" in shown["title"]


async def test_only_the_operator_says_who_hears_of_an_open_farm(edge, monkeypatch):
    made = await add(edge, PEOPLE)
    answer = await edge.http.get(
        "/api/v3/notices/subscriptions", headers={"X-Forwarded-For": "10.1.2.3"}
    )
    assert answer.json() == {"subscriptions": []}
    for method, path in (("DELETE", f"/{made}"), ("POST", f"/{made}/test"), ("POST", "")):
        answer = await edge.http.request(
            method,
            f"/api/v3/notices/subscriptions{path}",
            json=PEOPLE if method == "POST" and not path else None,
            headers={"X-Forwarded-For": "10.1.2.3"},
        )
        assert answer.status_code in (403, 404)


async def test_users_see_and_change_their_own_and_operators_the_farms(people, sent):
    path = "notices/subscriptions"
    answer = await people.ask("POST", path, PEOPLE, by=Role.ARTIST)
    mine = answer.json()["subscription"]["id"]
    refused = await people.ask("POST", path, PEOPLE | {"for_farm": True}, by=Role.ARTIST)
    assert refused.status_code == 403
    answer = await people.ask("POST", path, PEOPLE | {"for_farm": True}, by=Role.OPERATOR)
    farms = answer.json()["subscription"]["id"]
    for role, seen in ((Role.ARTIST, [mine]), (Role.OPERATOR, [farms]), (Role.VIEWER, [])):
        found = (await people.ask("GET", path, by=role)).json()["subscriptions"]
        assert [each["id"] for each in found] == seen
    assert (await people.ask("DELETE", f"{path}/{mine}", by=Role.OPERATOR)).status_code == 404
    settings = await people.token(Role.OPERATOR, Scope.SETTINGS)
    assert (await people.ask("DELETE", f"{path}/{farms}", headers=settings)).status_code == 204
    reading = await people.token(Role.OPERATOR, Scope.READ)
    assert (await people.ask("GET", path, headers=reading)).status_code == 403


async def test_of_my_jobs_only_mine_are_told_and_nothing_when_i_am_gone(people, sent):
    mine = PEOPLE | {"wishes": {"jobs": "mine", "gather": 0, "kinds": ["job-canceled"]}}
    await people.ask("POST", "notices/subscriptions", mine, by=Role.ARTIST)
    for role in (Role.WRANGLER, Role.ARTIST):
        await _cancel(people, role)
    await until(lambda: sent)
    await people.ask("DELETE", f"access/users/{people.ids[Role.ARTIST]}", by=Role.OPERATOR)
    await until(lambda: _is_empty(people))
    assert len(sent) == 1
    assert sent[0].body.startswith(Role.ARTIST)


async def _cancel(people, role) -> None:
    job = (await people.ask("POST", "jobs", JOB | {"name": role}, by=role)).json()["id"]
    change = {"status": "cancel-requested", "reason": "stop"}
    assert (await people.ask("POST", f"jobs/{job}/setstatus", change, by=role)).status_code == 204


async def _is_empty(people) -> bool:
    reader = people.edge.farm.services.reader
    return not await reader.ask(lambda db: list(SUBSCRIPTIONS.read(db, "")))


async def test_there_is_an_end_to_the_number_of_subscriptions(edge, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SUBSCRIPTIONS", 1)
    await add(edge, PEOPLE)
    refused = await call(edge, "POST", "notices/subscriptions", PEOPLE, 400)
    assert "remove one first" in refused["message"]


@pytest.mark.slow
async def test_a_webhook_hears_of_a_job_through_the_whole_house(tmp_path, receiver):  # noqa: F811
    networks = manager_config_from(
        {"_meta": {"version": 3}, "outgoing": {"allowed_networks": ", ".join(HERE)}}
    ).outgoing
    assert networks != Outgoing()
    async with edge_at(tmp_path, attrs.evolve(ManagerConfig(), outgoing=networks)) as edge:
        await add(edge, PROGRAM | {"address": receiver.url()})
        job = await canceled(edge)
        await until(lambda: receiver.heard)
        told = json.loads(receiver.heard[0].body)
        assert (told["type"], told["data"]["job_id"]) == ("job.canceled", job)
        (logged,) = await until(lambda: deliveries(edge))
        assert logged["state"] == "sent"
        assert receiver.heard[0].headers["webhook-id"] == logged["id"]
