"""Requests of scripts to a Manager through the typed client, over a real socket."""

from datetime import UTC, datetime

import attrs
import pytest
import trio
from msgspec import UNSET

from flamenco.api.jobs import (
    JobBlocklistEntry,
    JobStatusChange,
    SubmittedJob,
    TaskStatusChange,
)
from flamenco.api.workers import WorkerSleepSchedule, WorkerTag
from flamenco.client import Rejected, Topics, Unreachable, open_client, open_sync_client
from flamenco.model.statuses import JobStatus, TaskStatus
from tests.patience import until
from tests.servers import serve

NAPS = SubmittedJob(
    name="naps",
    type="echo-sleep-test",
    submitter_platform="linux",
    settings={"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 1},
)
CANCEL = JobStatusChange(status=JobStatus.CANCEL_REQUESTED, reason="stop")
FAR_FUTURE = datetime(2999, 1, 1, tzinfo=UTC)


async def canceled(client) -> str:
    job = await client.submit(NAPS)
    await client.set_job_status(job.id, CANCEL)
    return job.id


async def worker(edge) -> str:
    body = {"name": "anna", "secret": "x", "platform": "linux", "supported_task_types": ["misc"]}
    return (await edge.http.post("/api/v3/worker/register-worker", json=body)).json()["uuid"]


async def test_a_finished_job_is_archived_and_brought_back(client):
    job = await canceled(client)
    await client.archive_job(job)
    assert [await client.jobs(), [each.id for each in await client.jobs(archived=True)]] == [
        (),
        [job],
    ]
    await client.archive_job(job, archived=False)
    assert [each.id for each in await client.jobs()] == [job]


async def test_a_job_is_kept_moved_up_and_given_a_tag(client):
    job = (await client.submit(NAPS)).id
    tag = await client.create_tag("gpu", "fast ones")
    await client.keep_job(job)
    await client.set_job_priority(job, 80)
    await client.set_job_tag(job, str(tag.id))
    changed = await client.job(job)
    assert (changed.keep, changed.priority, changed.worker_tag) == (True, 80, tag.id)
    await client.keep_job(job, keep=False)
    await client.set_job_tag(job, None)
    changed = await client.job(job)
    assert not changed.keep
    assert not changed.worker_tag


async def test_a_job_is_deleted(client):
    job = (await client.submit(NAPS)).id
    assert await client.has_own_files(job) is False
    await client.delete_job(job, files=True)

    async def gone() -> bool:
        return await client.jobs() == ()

    await until(gone)


async def test_old_jobs_are_deleted_together(client):
    with pytest.raises(Rejected) as refusal:
        await client.delete_old_jobs(FAR_FUTURE)
    assert refusal.value.status == 416
    await canceled(client)
    await client.submit(NAPS)
    await client.delete_old_jobs(FAR_FUTURE)

    async def gone() -> bool:
        return await client.jobs() == ()

    await until(gone)


async def test_why_a_job_and_a_task_wait_is_one_sentence(client):
    job = (await client.submit(NAPS)).id
    first, second = await client.tasks(job)
    assert await client.why_job_waits(job) == "There is no worker yet."
    assert await client.why_task_waits(second.id) == "It waits for echo (queued)."
    assert (await client.task(second.id)).depends_on == (first.id,)


async def test_a_task_is_completed_by_hand_with_a_reason(client):
    job = (await client.submit(NAPS)).id
    task = (await client.tasks(job))[0].id
    change = TaskStatusChange(status=TaskStatus.COMPLETED, reason="")
    with pytest.raises(Rejected, match="needs a reason"):
        await client.set_task_status(task, change)
    await client.set_task_status(task, attrs.evolve(change, reason="said by hand"))
    done = await client.task(task)
    assert (done.status, done.activity) == (TaskStatus.COMPLETED, "said by hand")
    assert await client.attempts(task) == ()


async def test_a_blocklist_is_read_and_only_what_is_on_it_is_taken_off(client):
    job = (await client.submit(NAPS)).id
    assert await client.blocklist(job) == ()
    with pytest.raises(Rejected, match="not blocklisted"):
        await client.unblock(job, JobBlocklistEntry(worker_id="nobody", task_type="misc"))


async def test_tags_are_made_changed_given_to_workers_and_deleted(edge, client):
    tag = await client.create_tag("gpu", "fast ones")
    await client.change_tag(WorkerTag(id=tag.id, name="cuda"))
    changed = WorkerTag(id=tag.id, name="cuda", description="fast ones")
    assert await client.tags() == (changed,)
    anna = await worker(edge)
    await client.set_worker_tags(anna, str(tag.id))
    assert (await client.worker(anna)).tags == (changed,)
    await client.set_worker_tags(anna)
    assert not (await client.worker(anna)).tags
    await client.delete_tag(str(tag.id))
    assert await client.tags() == ()


async def test_a_sleep_schedule_is_set_and_read(edge, client):
    anna = await worker(edge)
    assert await client.sleep_schedule(anna) is None
    nights = WorkerSleepSchedule(
        is_active=True,
        days_of_week="mo tu",
        start_time="22:00",
        end_time="06:00",
        timezone="Europe/Berlin",
    )
    await client.set_sleep_schedule(anna, nights)
    stored = await client.sleep_schedule(anna)
    assert stored
    assert stored.next_change
    assert attrs.evolve(stored, next_change=UNSET) == nights
    with pytest.raises(Rejected, match="timezone"):
        await client.set_sleep_schedule(anna, attrs.evolve(nights, timezone="Nowhere/Land"))


async def test_a_worker_is_deleted(edge, client):
    anna = await worker(edge)
    await client.delete_worker(anna)
    assert await client.workers() == ()


async def test_a_manager_that_is_not_there_is_unreachable():
    async with open_client("127.0.0.1:1") as nobody:
        with pytest.raises(Unreachable, match=r"no answer .*127\.0\.0\.1:1: Connection refused$"):
            await nobody.version()


@pytest.mark.parametrize("url", ["", "http://", "ftp://manager", "manager:port", "http://[::1"])
async def test_what_is_no_url_is_told_with_an_example_of_one(url):
    with pytest.raises(Unreachable, match="such as http://localhost:8080/"):
        async with open_client(url):
            pass
    with pytest.raises(Unreachable, match="such as http://localhost:8080/"):
        open_sync_client(url).__enter__()


async def test_what_is_no_manager_is_told_from_one():
    async def be_another_page(stream):
        await stream.receive_some()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
        await stream.send_all(head + b"<html>")
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(serve, be_another_page, listener)
        url = f"127.0.0.1:{listener.socket.getsockname()[1]}"
        async with open_client(url) as client:
            with pytest.raises(Unreachable, match="not a Flamenco Manager"):
                await client.version()

        def waits() -> None:
            with open_sync_client(url) as same:
                same.version()

        with pytest.raises(Unreachable, match="not a Flamenco Manager"):
            await trio.to_thread.run_sync(waits)
        nursery.cancel_scope.cancel()


async def test_a_stream_of_events_that_ends_before_it_begins_is_unreachable():
    async def end_at_once(stream):
        await stream.receive_some()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        await stream.send_all(head)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(serve, end_at_once, listener)
        port = listener.socket.getsockname()[1]
        async with open_client(f"127.0.0.1:{port}") as client:
            with pytest.raises(Unreachable, match="ended before it began"):
                async with client.follow(Topics(type=("allJobs",))):
                    pass

        def waits() -> None:
            with (
                open_sync_client(f"127.0.0.1:{port}") as same,
                same.follow(Topics(type=("allJobs",))),
            ):
                pass

        with pytest.raises(Unreachable, match="ended before it began"):
            await trio.to_thread.run_sync(waits)
        nursery.cancel_scope.cancel()
