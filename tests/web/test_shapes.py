"""Jobs, tasks, workers and tags have the fields of Flamenco 3, and the new ones named here."""

from datetime import datetime, timedelta, timezone

import pytest
import trio

from flamenco.store import Reader
from tests.patience import until
from tests.web.conftest import call
from tests.web.test_requests import canceled, submitted, worker

NOBODY = "00000000-0000-0000-0000-000000000000"

JOB_FIELDS = (
    "name type priority settings metadata submitter_platform id created updated status activity "
    "steps_completed steps_total"
)
TASK_FIELDS = "id name status index_in_job priority task_type updated steps_completed steps_total"
WORKER_FIELDS = "id name status version can_restart"


def has(thing: dict, always: str, sometimes: str = "") -> None:
    """True if a thing has all fields that it must have, no other ones, and never null."""
    must, may = set(always.split()), set(sometimes.split())
    assert must <= set(thing) <= must | may
    assert None not in thing.values()


async def test_a_job_has_the_fields_of_flamenco_3_and_leaves_out_what_is_not_known(edge):
    job = await submitted(edge)
    for shown in (
        await call(edge, "GET", f"jobs/{job}"),
        (await call(edge, "GET", "jobs"))["jobs"][0],
    ):
        has(shown, f"{JOB_FIELDS} frames approvals", "warnings")
        none = {"done": 0, "failed": 0, "active": 0}
        assert shown["frames"] == {"total": 2, **none, "are_tasks": True}
        assert shown["submitter_platform"] == ""


async def test_a_task_in_a_list_has_an_empty_worker_and_alone_none(edge):
    job = await submitted(edge)
    tasks = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    assert [task["index_in_job"] for task in tasks] == [1, 2]
    for task in tasks:
        has(task, f"{TASK_FIELDS} worker")
        assert task["worker"] == {"id": "", "name": "", "address": ""}
    alone = await call(edge, "GET", f"tasks/{tasks[0]['id']}")
    new = "depends_on"
    has(alone, f"{TASK_FIELDS} created job_id activity commands failed_by_workers {new}")
    assert alone["failed_by_workers"] == []
    has(alone["commands"][0], "name parameters total_step_count")


async def test_a_worker_shows_a_change_only_while_it_is_pending_and_tags_only_if_it_has_any(edge):
    anna = await worker(edge)
    path = f"worker-mgt/workers/{anna}"
    details = f"{WORKER_FIELDS} ip_address platform supported_task_types"
    has((await call(edge, "GET", "worker-mgt/workers"))["workers"][0], WORKER_FIELDS, "last_seen")
    has(await call(edge, "GET", path), details, "last_seen")
    asleep = {"status": "asleep", "is_lazy": False}
    await call(edge, "POST", f"{path}/setstatus", asleep, 204)
    tag = await call(edge, "POST", "worker-mgt/tags", {"name": "gpu"})
    has(tag, "id name")
    await call(edge, "POST", f"{path}/settags", {"tag_ids": [tag["id"]]}, 204)
    shown = await call(edge, "GET", path)
    has(shown, f"{details} status_change tags tag_ids", "last_seen")
    assert shown["status_change"] == asleep
    current = {"status": shown["status"], "is_lazy": False}
    await call(edge, "POST", f"{path}/setstatus", current, 204)
    assert "status_change" not in await call(edge, "GET", path)


async def test_a_sleep_schedule_is_told_in_hours_and_minutes(edge):
    anna = await worker(edge)
    path = f"worker-mgt/workers/{anna}/sleep-schedule"
    assert await call(edge, "GET", path, status=204) is None
    schedule = {"is_active": False, "days_of_week": "", "start_time": "", "end_time": ""}
    await call(edge, "POST", path, schedule, 204)
    assert await call(edge, "GET", path) == schedule
    nights = {**schedule, "days_of_week": "monday tu", "start_time": "22:05", "end_time": "06:00"}
    await call(edge, "POST", path, nights, 204)
    assert await call(edge, "GET", path) == {**nights, "days_of_week": "mo tu"}
    for wrong in ("24:00", "noon", "22:05:10"):
        await call(edge, "POST", path, {**nights, "start_time": wrong}, 400)


@pytest.mark.parametrize("known", ["name", "id"])
async def test_a_tag_that_is_there_already_is_not_made_again(edge, known):
    tag = await call(edge, "POST", "worker-mgt/tags", {"name": "gpu", "description": "fast"})
    twin = {"name": "other", known: tag[known]}
    error = await call(edge, "POST", "worker-mgt/tags", twin, 422)
    assert "there is a tag" in error["message"]
    assert await call(edge, "GET", "worker-mgt/tags") == {"tags": [tag]}


async def test_a_tag_gets_the_id_that_it_is_given_if_that_can_be_one(edge):
    tag = await call(edge, "POST", "worker-mgt/tags", {"id": NOBODY, "name": "gpu"})
    assert tag == {"id": NOBODY, "name": "gpu"}
    assert await call(edge, "GET", f"worker-mgt/tag/{NOBODY}") == tag
    error = await call(edge, "POST", "worker-mgt/tags", {"id": "gpu", "name": "cuda"}, 400)
    assert "$.id" in error["message"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("settag", {"name": "nobody knows it"}, 422),
        ("settag", {"id": NOBODY}, 422),
        ("settag", {}, 204),
        ("setpriority", {"priority": 101}, 400),
        ("setpriority", {"priority": -1}, 400),
        ("setpriority", {"priority": 0}, 204),
        ("setstatus", {"status": "completed", "reason": ""}, 422),
        ("setstatus", {"status": "cancel-requested"}, 400),
    ],
)
async def test_what_is_asked_of_a_job_is_answered_as_declared(edge, path, body, status):
    job = await submitted(edge)
    await call(edge, "POST", f"jobs/{job}/{path}", body, status)


async def test_a_mass_deletion_counts_whole_seconds_and_says_if_there_is_nothing(edge):
    job = await canceled(edge)
    updated = (await call(edge, "GET", f"jobs/{job}"))["updated"]
    before = {"last_updated_max": "2020-01-01T00:00:00.5Z"}
    error = await call(edge, "DELETE", "jobs/mass-delete", before, 416)
    assert "2020-01-01T00:00:01" in error["message"]
    await call(edge, "DELETE", "jobs/mass-delete", {"last_updated_max": updated}, 204)


async def test_a_mass_deletion_spares_what_changed_later_whatever_the_zone_of_the_time(edge):
    job = await canceled(edge)
    updated = datetime.fromisoformat((await call(edge, "GET", f"jobs/{job}"))["updated"])
    for hours in (14, -12):
        zone = timezone(timedelta(hours=hours))
        before = (updated - timedelta(minutes=1)).astimezone(zone).isoformat()
        await call(edge, "DELETE", "jobs/mass-delete", {"last_updated_max": before}, 416)
    after = (updated + timedelta(minutes=1)).astimezone(zone).isoformat()
    await call(edge, "DELETE", "jobs/mass-delete", {"last_updated_max": after}, 204)


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59-12:00"])
async def test_a_mass_deletion_may_go_to_the_end_of_time(edge, end):
    await canceled(edge)
    await call(edge, "DELETE", "jobs/mass-delete", {"last_updated_max": end}, 204)


async def test_a_mass_deletion_spares_the_job_that_somebody_requeues_meanwhile(edge, monkeypatch):
    found = Reader.jobs_to_delete
    revived, other = await canceled(edge), await canceled(edge)
    updated = (await call(edge, "GET", f"jobs/{other}"))["updated"]

    async def then_requeue(reader: Reader, moment) -> list[str]:
        old = await found(reader, moment)
        await trio.sleep(1)  # the time counts in whole seconds
        body = {"status": "requeueing", "reason": "again"}
        await call(edge, "POST", f"jobs/{revived}/setstatus", body, 204)
        return old

    monkeypatch.setattr(Reader, "jobs_to_delete", then_requeue)
    await call(edge, "DELETE", "jobs/mass-delete", {"last_updated_max": updated}, 204)
    await call(edge, "GET", f"jobs/{revived}")

    async def gone() -> bool:
        return len((await call(edge, "GET", "jobs"))["jobs"]) == 1

    await until(gone)


async def test_who_deletes_what_somebody_else_deletes_is_answered_and_nothing_crashes(edge, caplog):
    jobs, codes = [await canceled(edge) for _ in range(20)], []

    async def delete(path: str, body: dict | None = None) -> None:
        answer = await edge.http.request("DELETE", f"/api/v3/jobs/{path}", json=body)
        codes.append(answer.status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(delete, "mass-delete", {"last_updated_max": "9999-01-01T00:00:00Z"})
            for job in jobs:
                nursery.start_soon(delete, job)
    assert set(codes) <= {204, 404, 416}

    async def gone() -> bool:
        return (await call(edge, "GET", "jobs"))["jobs"] == []

    await until(gone)
    assert [each.message for each in caplog.records if each.levelname != "INFO"] == []
