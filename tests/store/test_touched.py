"""Each commit that changes what the list of a job's frames tells is noted, and no other."""

from datetime import UTC, datetime

import attrs

from flamenco.logs import TaskLogs
from flamenco.model.jobs import Job, Task
from flamenco.store import InsertJob, InsertTasks, PutJob, PutTask, Touched, open_store
from flamenco.store import touched as module
from flamenco.store.changes import _WRITERS
from flamenco.store.touched import JOB_OF

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job(id="j", name="j", type="t", created=NOW, updated=NOW)
TASK = Task(id="t", job_id="j", idx=1, name="t", type="blender", created=NOW, updated=NOW)
NO_FRAMES = {
    "BindCheckout",
    "DeleteBlock",
    "DeleteBlocks",
    "DeleteCheckout",
    "DeleteCredential",
    "DeleteJoinToken",
    "DeleteParked",
    "DeleteSubscription",
    "DeleteTag",
    "DeleteUser",
    "ForgetLoads",
    "ForgetSubmissions",
    "GiveUpFiles",
    "InsertAuditLine",
    "InsertJob",
    "KeepPushKey",
    "MarkWorkerDeleted",  # its name is compared by itself, as is that of PutWorker",
    "Passed",
    "PutBlock",
    "PutCheckout",
    "PutCredential",
    "PutDelivery",
    "PutHappening",
    "PutJob",
    "PutJoinToken",
    "PutLoad",
    "PutNotice",
    "PutPack",
    "PutParked",
    "PutReadMark",
    "PutSubscription",
    "PutTag",
    "PutUser",
    "PutWorker",
    "ReadCommands",
    "RememberRendered",
    "RememberSubmission",
    "RemoveAuditLines",
    "RequestDeletion",
}


def test_of_every_change_it_is_known_if_it_changes_frames():
    assert {each.__name__ for each in _WRITERS} == NO_FRAMES | {each.__name__ for each in JOB_OF}


async def test_a_commit_counts_for_the_jobs_whose_frames_it_changes(tmp_path):
    async with open_store(tmp_path / "farm.sqlite", TaskLogs(tmp_path)) as store:
        numbers = [store.touched.of("j")]
        for change in (InsertJob(JOB), InsertTasks((TASK,), ((),)), PutJob(JOB), PutTask(TASK)):
            await store.commit([change])
            numbers.append(store.touched.of("j"))
    assert numbers[0] == numbers[1] < numbers[2] == numbers[3] < numbers[4]


def test_a_job_that_is_not_told_apart_any_more_counts_as_changed(monkeypatch):
    monkeypatch.setattr(module, "MOST_JOBS", 2)
    touched = Touched()
    before = touched.of("quiet")
    seen = {}
    for job_id in ("a", "b", "c", "d"):
        touched.note([PutTask(attrs.evolve(TASK, job_id=job_id))])
        assert touched.of(job_id) not in seen.values()
        seen[job_id] = touched.of(job_id)
    assert touched.of("quiet") != before
    assert (touched.of("c"), touched.of("d")) == (seen["c"], seen["d"])
