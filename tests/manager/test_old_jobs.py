"""Jobs are archived, kept and deleted; what was cut off is finished at the next start."""

import os
from datetime import timedelta

import attrs
import pytest

from flamenco import clock, protocol
from flamenco.config.manager import ShamanConfig
from flamenco.logs import job_folder
from flamenco.manager import deletions, housekeeping
from flamenco.manager.deletions import own_files
from flamenco.manager.housekeeping import CleanUp, PackLogs
from flamenco.manager.jobs.messages import ArchiveJob, KeepJob, RemoveJob, SetJobStatus
from flamenco.manager.refusals import NotAllowed
from flamenco.manager.services import HOUSEKEEPING
from flamenco.manager.shaman import CollectGarbage, RecordCheckout
from flamenco.model.lists import JobFilter
from flamenco.model.statuses import JobStatus, TaskStatus
from flamenco.store import InsertJob, InsertTasks, PutJob, Reader, listed_jobs
from tests.manager.conftest import stage_at
from tests.patience import until


async def gone(stage, job) -> None:
    async def erased() -> bool:
        return await stage.farm.services.reader.job(job.id) is None

    await until(erased)


async def listed(stage, *, archived: bool = False) -> list[str]:
    """The ids of the jobs on the list."""
    return await stage.farm.services.reader.ids(listed_jobs(JobFilter(archived=archived)))


async def canceled(stage, **changes):
    job = await stage.shaped("misc misc", **changes)
    await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "stop"))
    return job


async def checkout(stage, path: str):
    """The folder of a checkout, which Shaman made."""
    folder = stage.farm.services.paths.shared / "jobs" / path
    folder.mkdir(parents=True)
    stored = stage.farm.services.paths.shared / "file-store" / "stored"
    (folder / "scene.blend").symlink_to(stored / "ab" / "cd" / "5.blob")
    await stage.farm.shaman.ask(RecordCheckout(path))
    return folder


async def test_a_job_is_deleted_with_its_logs_while_it_runs(stage):
    anna = await stage.worker("anna")
    job = await stage.shaped("misc misc")
    assign = await anna.hears(protocol.Assign)
    await anna.report(assign, log="a line\n")
    folder = stage.farm.services.paths.local / job_folder(job.id)
    assert folder.exists()
    await stage.ask(job, RemoveJob())
    assert "deleted" in (await anna.hears(protocol.Revoke)).reason
    await gone(stage, job)
    assert not folder.exists()
    assert not folder.parent.exists()
    assert await stage.farm.services.reader.tasks(job.id) == []
    other = await stage.shaped("misc")
    assert (await anna.hears(protocol.Assign)).job_id == other.id


async def test_the_logs_of_finished_jobs_are_compressed_and_of_no_others(stage):
    logs, folders = stage.farm.services.logs, []
    done, running = await canceled(stage), await stage.shaped("misc")
    for job in (done, running):
        logs.append(job.id, "t", 0, b"a line\n")
        folders.append(logs.folder(job.id))
        os.utime(folders[-1] / "task-t.txt", (0, 0))
    stage.farm.system.find(HOUSEKEEPING).tell(PackLogs())
    await until(lambda: not (folders[0] / "task-t.txt").exists())
    assert [each.name for each in folders[0].glob("task-t*")] == ["task-t.txt.zst"]
    assert [each.name for each in folders[1].glob("task-t*")] == ["task-t.txt"]
    assert await logs.tail(done.id, "t") == "a line\n"


async def test_who_looks_at_a_log_while_its_job_is_deleted_leaves_no_file(stage, monkeypatch):
    remove = deletions.remove_files

    async def then_look(job, *services) -> None:
        await remove(job, *services)
        await stage.farm.store.begin_log_file(job.id, assign.task_id)

    monkeypatch.setattr(deletions, "remove_files", then_look)
    anna = await stage.worker("anna")
    job = await stage.shaped("misc")
    assign = await anna.hears(protocol.Assign)
    await stage.ask(job, RemoveJob())
    await gone(stage, job)
    assert not (stage.farm.services.paths.local / job_folder(job.id)).exists()


@pytest.mark.parametrize("with_files", [True, False])
@pytest.mark.parametrize("shaman", [True, False])
async def test_the_files_of_a_job_go_if_they_are_shamans_or_asked_for(tmp_path, shaman, with_files):
    async with stage_at(tmp_path, shaman=ShamanConfig(enabled=shaman)) as stage:
        own = await checkout(stage, "shot-7")
        job = await canceled(stage, shaman_checkout_id="shot-7")
        await stage.ask(job, RemoveJob(files=with_files))
        await gone(stage, job)
        assert own.exists() is not (shaman or with_files)


async def test_files_go_if_a_second_one_asks_for_that_while_the_job_is_deleted(
    tmp_path, monkeypatch
):
    remove = deletions.remove_files

    async def ask_again(job, *services) -> None:
        await remove(job, *services)
        if not job.delete_files:
            await stage.ask(job, RemoveJob(files=True))

    async with stage_at(tmp_path, shaman=ShamanConfig(enabled=False)) as stage:
        own = await checkout(stage, "shot-7")
        job = await canceled(stage, shaman_checkout_id="shot-7")
        monkeypatch.setattr(deletions, "remove_files", ask_again)
        await stage.ask(job, RemoveJob())
        await until(lambda: not own.exists())
        await gone(stage, job)


async def test_a_checkout_whose_job_never_came_is_deleted_after_a_day(stage):
    names = ("abandoned", "fresh", "used", "outer", "outer/inner")
    folders = {name: await checkout(stage, name) for name in names}
    for name in ("abandoned", "used", "outer"):
        os.utime(folders[name], (0, 0))
    await stage.shaped("misc", shaman_checkout_id="used")
    await stage.shaped("misc", shaman_checkout_id="outer/inner")
    stage.farm.shaman.tell(CollectGarbage())
    reader = stage.farm.services.reader

    async def forgotten() -> bool:
        return not await reader.is_checkout("abandoned")

    await until(forgotten)
    assert [name for name in names if folders[name].exists()] == list(names[1:])
    assert await reader.checkouts_without_job() == ["fresh"]


async def test_a_checkout_that_cannot_be_deleted_keeps_no_other_from_it(stage, caplog):
    (await checkout(stage, "file")).rename(stage.farm.services.paths.jobs / "aside")
    (stage.farm.services.paths.jobs / "file").touch()
    other = await checkout(stage, "other")
    for path in (stage.farm.services.paths.jobs / "file", other):
        os.utime(path, (0, 0))
    stage.farm.shaman.tell(CollectGarbage())
    await until(lambda: not other.exists())
    assert "the checkout file can't be deleted" in caplog.text


@pytest.mark.parametrize("checkout", ["..", "../outside", "/", "."])
async def test_nothing_outside_the_jobs_folder_is_deleted(stage, checkout):
    paths = stage.farm.services.paths
    outside = paths.shared / "outside"
    outside.mkdir(parents=True)
    await stage.farm.shaman.ask(RecordCheckout(checkout))
    job = await canceled(stage, shaman_checkout_id=checkout)
    await stage.ask(job, RemoveJob(files=True))
    await gone(stage, job)
    assert outside.exists()
    assert paths.jobs.exists()


@pytest.mark.parametrize("checkout", ["no\0name", "long" * 100, "not-there"])
async def test_a_job_whose_files_can_not_be_there_is_deleted_all_the_same(stage, checkout):
    job = await canceled(stage, shaman_checkout_id=checkout)
    await stage.farm.shaman.ask(RecordCheckout(checkout))
    assert await own_files(job, stage.farm.services) is None
    await stage.ask(job, RemoveJob(files=True))
    await gone(stage, job)


@pytest.mark.parametrize("runs", [True, False])
async def test_a_deletion_that_was_cut_off_goes_on_at_the_next_start(tmp_path, runs):
    async with stage_at(tmp_path) as stage:
        if runs:
            anna, job = await stage.worker("anna"), await stage.shaped("misc")
            await anna.hears(protocol.Assign)
        else:
            job = await canceled(stage)
        marked = attrs.evolve(
            await stage.farm.services.reader.job(job.id), delete_requested_at=clock.now()
        )
        await stage.farm.store.commit([PutJob(marked)])
    async with stage_at(tmp_path) as stage:
        await gone(stage, job)


async def test_a_submission_that_was_cut_off_is_erased_at_the_next_start(tmp_path):
    async with stage_at(tmp_path) as stage:
        job = await stage.shaped("misc")
        task = await stage.task(job, 0)
        half = attrs.evolve(job, id="half", status=JobStatus.UNDER_CONSTRUCTION)
        tasks = tuple(attrs.evolve(task, id=f"h{place}", job_id="half") for place in range(3))
        await stage.farm.store.commit([InsertJob(half), InsertTasks(tasks, ((), (), ()))])
        assert await listed(stage) == [job.id]
    async with stage_at(tmp_path) as stage:
        await gone(stage, half)
        assert await stage.status(job) == "queued"


async def test_only_finished_jobs_are_archived_and_they_come_back(stage):
    running = await stage.shaped("misc")
    with pytest.raises(NotAllowed, match="completed"):
        await stage.ask(running, ArchiveJob(archived=True))
    job = await canceled(stage)
    await stage.ask(job, ArchiveJob(archived=True))
    assert await listed(stage) == [running.id]
    assert await listed(stage, archived=True) == [job.id]
    await stage.ask(job, ArchiveJob(archived=False))
    assert await listed(stage, archived=True) == []
    await stage.ask(job, ArchiveJob(archived=True))
    await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, "again"))
    assert await listed(stage, archived=True) == []


async def test_old_jobs_go_by_themselves_but_not_those_marked_keep(tmp_path, monkeypatch):
    config = {"archive_jobs_after": 3600.0, "delete_jobs_after": 7200.0}
    async with stage_at(tmp_path, **config) as stage:
        old, kept, fresh = [await canceled(stage) for _ in range(3)]
        await stage.ask(kept, KeepJob(keep=True))
        reader, now = stage.farm.services.reader, clock.now()
        for job, age in ((old, 1.5), (kept, 3), (fresh, 0.5)):
            stored = await reader.job(job.id)
            await stage.farm.store.commit(
                [PutJob(attrs.evolve(stored, updated=now - timedelta(hours=age)))]
            )
    monkeypatch.setattr(housekeeping, "CLEAN_UP_SECONDS", 0.05)
    async with stage_at(tmp_path, **config) as stage:
        reader = stage.farm.services.reader

        async def archived() -> bool:
            return await listed(stage, archived=True) == [old.id]

        await until(archived)
        assert set(await listed(stage)) == {kept.id, fresh.id}
    async with stage_at(tmp_path, **config) as stage:
        stored = await stage.farm.services.reader.job(old.id)
        older = attrs.evolve(stored, updated=clock.now() - timedelta(hours=3))
        await stage.farm.store.commit([PutJob(older)])
        stage.farm.system.find("/housekeeping").tell(CleanUp())
        await gone(stage, old)
        assert await stage.status(kept) == "canceled"


def clean_up_now(stage, **config) -> None:
    """With another configuration than before."""
    services = stage.farm.services
    services.config = attrs.evolve(services.config, **config)
    stage.farm.system.find("/housekeeping").tell(CleanUp())


async def test_a_clean_up_spares_the_job_that_somebody_requeues_meanwhile(stage, monkeypatch):
    found = Reader.jobs_untouched_since

    async def then_requeue(reader: Reader, moment, *, archived: bool) -> list:
        old = await found(reader, moment, archived=archived)
        await stage.ask(revived, SetJobStatus(JobStatus.REQUEUEING, "again"))
        return old

    monkeypatch.setattr(Reader, "jobs_untouched_since", then_requeue)
    revived, other = await canceled(stage), await canceled(stage)
    clean_up_now(stage, delete_jobs_after=1e-6)
    await gone(stage, other)
    assert await stage.status(revived) == "queued"


async def test_a_clean_up_spares_the_worker_that_comes_back_meanwhile(stage, monkeypatch):
    anna, bert = await stage.worker("anna"), await stage.worker("bert")
    for worker in (anna, bert):
        worker.say(protocol.SignOff(), 1000)
        await worker.hears(protocol.Acknowledge)
    found = Reader.workers

    async def then_connect(reader: Reader) -> list:
        workers = await found(reader)
        await anna.connect()
        return workers

    async def deleted() -> bool:
        return await stage.farm.services.reader.worker(bert.id) is None

    monkeypatch.setattr(Reader, "workers", then_connect)
    clean_up_now(stage, delete_workers_after=1e-6)
    await until(deleted)
    assert await stage.farm.services.reader.worker(anna.id) is not None


async def test_what_is_stuck_is_put_right_at_the_start_and_that_is_logged(tmp_path, caplog):
    async with stage_at(tmp_path) as stage:
        reader = stage.farm.services.reader
        wrong = {
            JobStatus.CANCEL_REQUESTED: await stage.shaped("misc misc"),
            JobStatus.PAUSE_REQUESTED: await stage.shaped("misc misc"),
            JobStatus.REQUEUEING: await stage.shaped("misc misc"),
        }
        for status, job in wrong.items():
            stored = await reader.job(job.id)
            await stage.farm.store.commit([PutJob(attrs.evolve(stored, status=status))])
    async with stage_at(tmp_path) as stage:
        expected = {
            JobStatus.CANCEL_REQUESTED: ("canceled", TaskStatus.CANCELED),
            JobStatus.PAUSE_REQUESTED: ("paused", TaskStatus.PAUSED),
            JobStatus.REQUEUEING: ("queued", TaskStatus.QUEUED),
        }
        for status, (job_status, task_status) in expected.items():
            await stage.until_job(wrong[status], job_status)
            assert await stage.statuses(wrong[status]) == [task_status.value] * 2
            assert f"job {wrong[status].id} was stuck: {status.value}" in caplog.text
