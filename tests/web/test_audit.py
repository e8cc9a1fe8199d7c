"""The audit log of a real farm: what leaves a line, what it tells, and that it can't be changed."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco import clock
from flamenco.config.manager import DATABASE_NAME, ManagerConfig
from flamenco.manager.audit import RemoveOldLines
from flamenco.model.access import Role
from flamenco.model.audit import BEGINNING, AuditLine, BrokenChain, check, sealed
from tests.patience import until
from tests.web.conftest import JOB, edge_at
from tests.web.test_access import PASSWORD
from tests.web.test_admission import farm, joined, operate, says, token  # noqa: F401
from tests.web.test_worker_calls import NOBODY, SECRET, SIGN_ON
from web.auditing import KINDS, NOT_AUDITED, is_audited
from web.operations import API
from web.server import OPERATIONS

pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

# The rule


def test_an_operation_that_changes_something_leaves_a_line_unless_it_is_listed():
    assert {each.id for each in OPERATIONS} >= NOT_AUDITED
    for each in OPERATIONS:
        assert hasattr(each.handler, "__wrapped__") == (
            each.method != "GET" and each.id not in NOT_AUDITED
        ), each.id


def test_it_is_known_what_a_line_is_about():
    audited = [each for each in OPERATIONS if is_audited(each)]
    assert {name for each in audited for name in each.parameters} <= KINDS.keys()


def test_fields_that_may_hold_a_secret_are_not_shown():
    for each in OPERATIONS:
        if not is_audited(each) or not attrs.has(each.body):
            continue
        for field in attrs.fields(each.body):
            if any(word in field.name for word in ("secret", "password", "old", "new")):
                assert field.repr is False, f"{each.id}: {field.name}"


# The chain

plain = st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.text(max_size=5))


def chain(count: int, asked=None) -> list[AuditLine]:
    lines: list[AuditLine] = []
    for number in range(1, count + 1):
        line = AuditLine(
            number=number,
            at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
            who="Ann (page)",
            address="10.0.0.5",
            operation="setJobPriority",
            asked=asked or {},
            previous=lines[-1].hash if lines else BEGINNING,
        )
        lines.append(sealed(line))
    return lines


FIELDS = ("who", "address", "operation", "subject", "hash")


@given(plain, st.integers(0, 4), st.sampled_from(FIELDS))
def test_a_line_that_was_changed_is_found_and_others_hold_as_json_too(asked, place, field):
    lines = chain(5, asked)
    told = msgspec.json.decode(msgspec.json.encode(lines), type=list[AuditLine])
    assert check(told) == lines[-1]
    told[place] = attrs.evolve(told[place], **{field: "Ben"})
    with pytest.raises(BrokenChain, match=f"line {place + 1} "):
        check(told)


@pytest.mark.parametrize("place", range(4))
def test_a_line_that_is_missing_is_found_but_the_last_one(place):
    lines = chain(5)
    del lines[place]
    with pytest.raises(BrokenChain):
        check(lines)
    assert check(chain(5)[:4]) == chain(4)[-1]


# A real farm


async def lines(farm, **wanted) -> list[dict]:  # noqa: F811
    query = "&".join(f"{key}={value}" for key, value in wanted.items())
    return (await operate(farm, "GET", f"audit?{query}"))["lines"]


async def test_a_line_tells_who_changed_what_from_where_and_how_it_was_before(farm):  # noqa: F811
    job = (await operate(farm, "POST", "jobs", JOB))["id"]
    await operate(farm, "POST", f"jobs/{job}/setpriority", {"priority": 60})
    newest, submitted, *_ = await lines(farm)
    assert newest["who"].startswith("operator (")
    assert newest["address"] == "127.0.0.1"
    assert (newest["operation"], newest["about"], newest["subject"]) == (
        "setJobPriority",
        "job",
        job,
    )
    assert (newest["before"], newest["after"]) == ({"priority": 50}, {"priority": 60})
    assert newest["asked"] == {"priority": 60}
    assert (submitted["operation"], submitted["subject"]) == ("submitJob", job)
    await operate(farm, "DELETE", f"jobs/{job}")
    (deleted, *_) = await lines(farm, operation="deleteJob")
    assert deleted["after"]["delete_requested_at"]


async def test_what_a_worker_an_intruder_and_a_token_did_stands_there_without_a_secret(farm):  # noqa: F811
    worker = await joined(farm)
    await says(farm, (worker, SECRET), "worker/sign-on", SIGN_ON | {"name": "anna"})
    await operate(farm, "POST", f"worker-mgt/workers/{worker}/approve")
    shows = await farm.token(Role.OPERATOR, "workers")
    await farm.ask("POST", "worker-mgt/tags", {"name": "gpu"}, headers=shows)
    secret = await token(farm)
    guess = {"name": "operator", "password": "a wrong password"}
    assert (await farm.ask("POST", "access/sign-in", guess)).status_code == 401
    change = {"registration_secret": "a new one", "manager_name": "Studio"}
    await operate(farm, "PUT", "configuration/file", change)
    told = await lines(farm, after=0)
    by_operation = {each["operation"]: each for each in told}
    assert "signOn" not in by_operation
    assert by_operation["registerWorker"]["subject"] == worker
    approved = by_operation["approveWorker"]
    assert (approved["before"]["awaits_approval"], approved["after"]["awaits_approval"]) == (1, 0)
    assert by_operation["createWorkerTag"]["who"].endswith("token nightly")
    assert by_operation["signIn"]["after"] == {"refused": True}
    settings = by_operation["updateConfigurationFile"]
    assert settings["after"] == {"registration_secret": "********", "manager_name": "Studio"}
    text = msgspec.json.encode(told).decode()
    for hidden in (SECRET, secret, shows["Authorization"][7:], PASSWORD, "a new one", "wrong pass"):
        assert hidden not in text
    assert check(msgspec.convert(told, list[AuditLine])).number == len(told)


async def test_lines_are_chosen_and_come_in_pages(farm):  # noqa: F811
    for name in "abc":
        await operate(farm, "POST", "worker-mgt/tags", {"name": name})
    found = await operate(farm, "GET", "audit?operation=createWorkerTag&who=OPERATOR&limit=2")
    assert [each["asked"]["name"] for each in found["lines"]] == ["c", "b"]
    assert found["more"]
    before = found["lines"][-1]["number"]
    rest = await operate(farm, "GET", f"audit?operation=createWorkerTag&before={before}")
    assert [each["asked"]["name"] for each in rest["lines"]] == ["a"]
    assert not rest["more"]
    assert await lines(farm, subject=NOBODY) == []


async def test_what_was_refused_changes_nothing_and_leaves_no_line(farm):  # noqa: F811
    count = len(await lines(farm))
    refused = {"worker-mgt/tags": {"name": 5}, f"jobs/{NOBODY}/setkeep": {"keep": True}}
    for path, body in refused.items():
        assert not (await farm.ask("POST", path, body, by=Role.OPERATOR)).is_success
    assert len(await lines(farm)) == count


async def test_old_lines_are_deleted_if_wished_and_the_chain_holds(tmp_path):
    config = ManagerConfig(delete_audit_after=3600.0)
    async with edge_at(tmp_path, config) as edge:

        async def told() -> list[AuditLine]:
            answer = await edge.http.get(f"{API}/audit?after=0")
            return msgspec.convert(answer.json()["lines"], list[AuditLine])

        for name in "abc":
            await edge.http.post(f"{API}/worker-mgt/tags", json={"name": name})
        clock.set_wall_time(clock.now() + timedelta(hours=2))
        await edge.http.post(f"{API}/worker-mgt/tags", json={"name": "d"})
        edge.farm.audit.tell(RemoveOldLines())

        async def are_gone() -> bool:
            return [each.number for each in await told()] == [4, 5]

        await until(are_gone)
        assert check(await told()).number == 5
        with pytest.raises(BrokenChain, match="before line 4 are missing"):
            check((await told())[:1])


async def test_in_an_open_farm_only_the_operator_reads_the_log(tmp_path):
    async with edge_at(tmp_path) as edge:
        from_elsewhere = {"X-Forwarded-For": "10.0.0.9"}
        assert (await edge.http.get(f"{API}/audit", headers=from_elsewhere)).status_code == 403
        assert (await edge.http.get(f"{API}/audit")).is_success


async def test_no_line_is_changed_in_the_database_and_a_restart_goes_on_with_the_chain(tmp_path):
    for name in "ab":
        async with edge_at(tmp_path) as edge:
            await edge.http.post(f"{API}/worker-mgt/tags", json={"name": name})
            answer = await edge.http.get(f"{API}/audit?after=0")
    assert check(msgspec.convert(answer.json()["lines"], list[AuditLine])).number == 2
    with (
        closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as db,
        pytest.raises(sqlite3.IntegrityError, match="not changed"),
    ):
        db.execute("UPDATE audit SET who = 'nobody'")
