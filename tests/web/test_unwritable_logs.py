"""A log that can't be written or read is told, and its task and all else go on."""

import logging

from flamenco.logs import job_folder
from tests.web.conftest import JOB, call
from tests.web.test_worker_calls import awake


async def test_a_job_whose_logs_cannot_be_written_goes_on_without_them(edge, caplog):
    caplog.set_level(logging.WARNING, "flamenco.logs")
    job = (await call(edge, "POST", "jobs", JOB))["id"]
    folder = edge.storage / "local" / job_folder(job)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("no folder")
    anna = await awake(edge)
    task = await anna.gets_task()
    await anna.updates(task, log="rendering\n", taskStatus="active")
    await anna.completes(task)
    shown = await call(edge, "GET", f"tasks/{task['uuid']}")
    assert shown["status"] == "completed"
    assert f"cannot write to the log of task {task['uuid']}" in caplog.text
    await call(edge, "GET", f"tasks/{task['uuid']}/log", None, 204)
    kept = await edge.http.get(f"/api/v3/tasks/{task['uuid']}/logtail")
    assert "Task assigned to worker" in kept.text
    other = await anna.gets_task()
    await anna.completes(other)
    assert (await call(edge, "GET", f"jobs/{job}"))["status"] == "completed"


async def test_a_log_that_is_no_file_is_told_to_who_asks_for_it(edge):
    job = (await call(edge, "POST", "jobs", JOB))["id"]
    anna = await awake(edge)
    task = await anna.gets_task()
    path = edge.storage / "local" / job_folder(job) / f"task-{task['uuid']}.txt"
    await anna.updates(task, log="rendering\n", taskStatus="active")
    path.unlink()
    path.mkdir()
    answer = await call(edge, "GET", f"tasks/{task['uuid']}/logtail", None, 409)
    assert f"the log of task {task['uuid']} can't be read" in answer["message"]
    assert "Is a directory" in answer["message"]


async def test_tasks_go_on_while_the_disk_of_their_logs_is_full(edge):
    job = (await call(edge, "POST", "jobs", JOB))["id"]
    anna = await awake(edge)
    task = await anna.gets_task()
    path = edge.storage / "local" / job_folder(job) / f"task-{task['uuid']}.txt"
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    await anna.updates(task, log="rendering\n", taskStatus="active")
    await anna.completes(task)
    assert (await call(edge, "GET", f"tasks/{task['uuid']}"))["status"] == "completed"
