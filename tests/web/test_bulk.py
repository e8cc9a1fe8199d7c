"""Bulk actions: each job, task and worker is tried by itself, and answered for by itself."""

import pytest
import trio

from flamenco.manager.refusals import NotAllowed
from tests.patience import until
from tests.web.conftest import call
from tests.web.test_frames import FRAMES, FRAMES_JOB
from tests.web.test_requests import canceled, submitted, worker
from web.api import asking, many

NOBODY = "00000000-0000-0000-0000-000000000000"
CANCEL = {"status": "cancel-requested", "reason": "enough"}
ONES = {"ids": [NOBODY]}


async def test_what_can_be_done_is_done_and_the_rest_is_refused_with_a_sentence(edge):
    running, ended = await submitted(edge), await canceled(edge)
    body = {"ids": [running, ended, NOBODY, "nonsense", running], "setstatus": CANCEL}
    result = await call(edge, "POST", "jobs/bulk", body)
    codes = {each["id"]: each["code"] for each in result["outcomes"]}
    assert codes == {running: 204, ended: 422, NOBODY: 404, "nonsense": 404}
    assert (result["done"], result["refused"]) == (1, 3)
    refused = next(each for each in result["outcomes"] if each["id"] == ended)
    assert "cancel-requested can be asked of a job that is" in refused["message"]
    assert (await call(edge, "GET", f"jobs/{running}"))["status"] == "canceled"


async def test_a_filter_chooses_jobs_and_other_jobs_stay_as_they_are(edge):
    other = await submitted(edge, name="other")
    shots = [await submitted(edge, name=f"shot {number}") for number in range(40)]
    body = {"filter": {"name": "shot", "status": ["queued"]}, "setpriority": {"priority": 9}}
    result = await call(edge, "POST", "jobs/bulk", body)
    assert result["done"] == 40
    assert {each["id"] for each in result["outcomes"]} == set(shots)
    found = (await call(edge, "GET", "jobs"))["jobs"]
    assert {job["id"] for job in found if job["priority"] == 50} == {other}


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [
        ({"setkeep": {"keep": True}}, "keep", True),
        ({"setarchived": {"archived": True}}, "archived_at", None),
        ({"settag": {"name": "gpu"}}, "worker_tag", None),
        ({"setstatus": {"status": "requeueing", "reason": ""}}, "status", "queued"),
    ],
)
async def test_jobs_can_be(edge, action, field, value):
    await call(edge, "POST", "worker-mgt/tags", {"name": "gpu"})
    job = await canceled(edge)
    assert (await call(edge, "POST", "jobs/bulk", {"ids": [job], **action}))["done"] == 1
    shown = await call(edge, "GET", f"jobs/{job}")
    assert shown[field] == (value or shown[field])


async def test_jobs_are_deleted_together(edge):
    for _ in range(3):
        await submitted(edge)
    body = {"filter": {"status": ["queued"]}, "delete": {"files": True}}
    assert (await call(edge, "POST", "jobs/bulk", body))["done"] == 3

    async def gone() -> bool:
        return (await call(edge, "GET", "jobs"))["jobs"] == []

    await until(gone)


@pytest.mark.slow
async def test_what_was_begun_is_finished_even_if_the_client_leaves(edge):
    jobs = [await submitted(edge) for _ in range(100)]
    async with trio.open_nursery() as nursery:
        body = {"ids": jobs, "setpriority": {"priority": 9}}
        nursery.start_soon(call, edge, "POST", "jobs/bulk", body)
        while (await call(edge, "GET", f"jobs/{jobs[0]}"))["priority"] != 9:
            pass
        nursery.cancel_scope.cancel()

    async def all_changed() -> bool:
        found = (await call(edge, "GET", "jobs"))["jobs"]
        return {job["priority"] for job in found} == {9}

    await until(all_changed)


async def test_tasks_of_a_job_are_chosen_by_their_ids_or_by_a_filter(edge):
    job = await submitted(edge)
    first, second = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    change = {"setstatus": {"status": "canceled", "reason": "not needed"}}
    body = {"job": job, "filter": {"name": "echo"}, **change}
    result = await call(edge, "POST", "tasks/bulk", body)
    assert [(each["id"], each["code"]) for each in result["outcomes"]] == [(first["id"], 204)]
    result = await call(edge, "POST", "tasks/bulk", {"ids": [first["id"], second["id"]], **change})
    assert [each["code"] for each in result["outcomes"]] == [422, 422]
    approval = await call(edge, "POST", "tasks/bulk", {"ids": [second["id"]], "approve": {}})
    assert approval["refused"] == 1


async def long_job(edge):
    body = FRAMES_JOB | {"settings": FRAMES | {"frames": "1-40"}}
    return (await call(edge, "POST", "jobs", body))["id"]


async def two_tasks(edge, job):
    return [each["id"] for each in (await call(edge, "GET", f"jobs/{job}/tasks?limit=2"))["tasks"]]


async def test_many_tasks_of_several_jobs_are_changed_with_a_message_to_each_job(edge, monkeypatch):
    jobs = [await long_job(edge) for _ in range(2)]
    ids = [each for job in jobs for each in await two_tasks(edge, job)]
    messages = []

    async def counted(system, job_id, message):
        messages.append(job_id)
        return await ask_job(system, job_id, message)

    ask_job = asking.ask_job
    monkeypatch.setattr(asking, "ask_job", counted)
    change = {"setstatus": {"status": "canceled", "reason": "not needed"}}
    result = await call(edge, "POST", "tasks/bulk", {"ids": [*ids, NOBODY], **change})
    assert [each["code"] for each in result["outcomes"]] == [204] * 4 + [404]
    assert result["reasons"] == [{"message": f"there is no task {NOBODY}", "count": 1}]
    assert sorted(messages) == sorted(jobs)
    again = await call(edge, "POST", "tasks/bulk", {"ids": ids, **change})
    assert (again["done"], again["refused"]) == (0, 4)


async def test_tasks_that_were_changed_before_the_job_stopped_answering_are_told_so(
    edge, monkeypatch
):
    job = await long_job(edge)
    ids = await two_tasks(edge, job)
    answers = iter([True, False])

    async def once(system, job_id, message):
        if next(answers):
            return await ask_job(system, job_id, message)
        raise NotAllowed("not now")

    ask_job = asking.ask_job
    monkeypatch.setattr(asking, "ask_job", once)
    monkeypatch.setattr(asking, "TASKS_AT_ONCE", 1)
    change = {"setstatus": {"status": "canceled", "reason": "not needed"}}
    result = await call(edge, "POST", "tasks/bulk", {"ids": ids, **change})
    assert [each["code"] for each in result["outcomes"]] == [204, 422]
    assert (result["done"], result["refused"]) == (1, 1)


async def test_it_is_told_which_failed_tasks_were_not_queued_again_and_why(edge, monkeypatch):
    job = await long_job(edge)
    ids = await two_tasks(edge, job)
    fail = {"ids": ids, "setstatus": {"status": "failed", "reason": "too dark"}}
    assert (await call(edge, "POST", "tasks/bulk", fail))["done"] == 2

    async def one_refused(job_id, task_ids, status, reason):
        return {task_ids[0]: NotAllowed("the task is active")}

    monkeypatch.setattr(many, "ask_tasks", one_refused)
    told = await call(edge, "POST", f"jobs/{job}/requeue-failed", {})
    assert (told["done"], told["refused"]) == (1, 1)
    assert told["outcomes"][0]["message"] == "the task is active"
    in_bulk = await call(edge, "POST", "jobs/bulk", {"ids": [job], "requeue_failed": {}})
    (outcome,) = in_bulk["outcomes"]
    assert outcome["code"] == 204
    assert outcome["message"] == "1 of its failed tasks were refused: the task is active"


async def test_a_filter_of_the_tasks_of_a_job_that_is_not_there_is_told_so(edge):
    body = {"job": NOBODY, "filter": {"status": ["failed"]}, "approve": {}}
    assert "no job" in (await call(edge, "POST", "tasks/bulk", body, 404))["message"]


async def test_workers_are_sent_to_sleep_given_tags_and_deleted_together(edge):
    tag = (await call(edge, "POST", "worker-mgt/tags", {"name": "gpu"}))["id"]
    anna, bert = await worker(edge), await worker(edge)
    path = "worker-mgt/workers/bulk"
    asleep = {"setstatus": {"status": "asleep", "is_lazy": True}}
    assert (await call(edge, "POST", path, {"filter": {"name": "anna"}, **asleep}))["done"] == 2
    shown = await call(edge, "GET", f"worker-mgt/workers/{bert}")
    assert shown["status_change"] == {"status": "asleep", "is_lazy": True}
    given = {"ids": [anna], "settags": {"tag_ids": [tag]}}
    assert (await call(edge, "POST", path, given))["done"] == 1
    gone = await call(edge, "POST", path, {"filter": {"tag": tag}, "delete": {}})
    assert [each["id"] for each in gone["outcomes"]] == [anna]
    left = (await call(edge, "GET", "worker-mgt/workers"))["workers"]
    assert [each["id"] for each in left] == [bert]


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("jobs/bulk", {**ONES}, "expected one of setstatus, setpriority, settag"),
        ("jobs/bulk", {**ONES, "setkeep": {"keep": True}, "delete": {}}, "got setkeep and delete"),
        ("jobs/bulk", {"delete": {}}, "either ids or a filter"),
        ("jobs/bulk", {**ONES, "filter": {"name": "x"}, "delete": {}}, "either ids or a filter"),
        (
            "jobs/bulk",
            {"filter": {}, "delete": {}},
            "filter: expected some of archived, id, status",
        ),
        ("jobs/bulk", {"filter": {"stauts": ["queued"]}, "delete": {}}, "got stauts"),
        ("jobs/bulk", {"filter": {"status": ["purple"]}, "delete": {}}, "$.status[0]"),
        ("jobs/bulk", {"ids": NOBODY, "delete": {}}, "$.ids"),
        ("jobs/bulk", {**ONES, "setpriority": {"priority": 101}}, "$.setpriority.priority"),
        ("jobs/bulk", {"ids": [NOBODY] * 10_001, "delete": {}}, "<= 10000"),
        ("tasks/bulk", {"filter": {"name": "x"}, "approve": {}}, "job: a filter of tasks needs"),
        ("worker-mgt/workers/bulk", {**ONES, "setstatus": {"status": "asleep"}}, "is_lazy"),
    ],
)
async def test_a_bulk_action_that_is_not_clear_does_nothing(edge, path, body, sentence):
    job = await submitted(edge)
    error = await call(edge, "POST", path, body, status=400)
    assert sentence in error["message"]
    assert "delete_requested_at" not in await call(edge, "GET", f"jobs/{job}")
