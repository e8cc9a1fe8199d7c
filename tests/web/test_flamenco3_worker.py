"""A Worker of Flamenco 3 works for this Manager and sees no difference."""

import attrs
import pytest
import trio

from tests.patience import until
from tests.web.conftest import JOB, USUAL_CONFIG, call, edge_at
from tests.web.flamenco3 import Flamenco3Worker


async def submitted(edge, **settings) -> str:
    settings = JOB["settings"] | settings
    return (await call(edge, "POST", "jobs", JOB | {"settings": settings}))["id"]


async def job_is(edge, job: str, status: str) -> bool:
    return (await call(edge, "GET", f"jobs/{job}"))["status"] == status


async def worker_is(edge, worker: Flamenco3Worker, status: str) -> bool:
    if not worker.worker_id:
        return False
    shown = await call(edge, "GET", f"worker-mgt/workers/{worker.worker_id}")
    return shown["status"] == status and "status_change" not in shown


async def tasks_of(edge, job: str) -> list[dict]:
    return (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]


async def request(edge, worker: Flamenco3Worker, status: str, *, lazy: bool = False) -> None:
    body = {"status": status, "is_lazy": lazy}
    await call(edge, "POST", f"worker-mgt/workers/{worker.worker_id}/setstatus", body, 204)


async def test_it_renders_a_job_to_the_end_and_sleeps_wakes_and_restarts_when_asked(edge):
    worker = Flamenco3Worker(edge.url, "three", can_restart=True)
    left = []

    async def run() -> None:
        left.append(await worker.run())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        job = await submitted(edge, sleep_repeats=2)
        await until(lambda: job_is(edge, job, "completed"))
        for task in await tasks_of(edge, job):
            assert task["worker"]["name"] == "three"
            assert task["steps_completed"] == task["steps_total"] == 1
        log = (await edge.http.get(f"/api/v3/tasks/{task['id']}/logtail")).text
        assert f"Task assigned to worker three ({worker.worker_id})" in log
        for status in ("asleep", "awake"):
            await request(edge, worker, status)
            await until(lambda status=status: worker_is(edge, worker, status))
        job = await submitted(edge)
        await until(lambda: job_is(edge, job, "completed"))
        await request(edge, worker, "restart", lazy=True)
    assert left == ["restart"]
    assert await worker_is(edge, worker, "offline")
    assert set(worker.answers) == {200, 204, 423}


@pytest.mark.slow
async def test_it_works_on_while_the_manager_restarts_and_what_it_did_counts_once(tmp_path):
    async with trio.open_nursery() as nursery:
        async with edge_at(tmp_path) as edge:
            port = int(edge.url.rpartition(":")[2])
            worker = Flamenco3Worker(edge.url, "three")
            nursery.start_soon(worker.run)
            job = await submitted(edge, sleep_duration_seconds=500)

            async def sleeps() -> bool:
                return [task["status"] for task in await tasks_of(edge, job)][1] == "active"

            await until(sleeps)

        async def buffers() -> bool:
            return bool(worker.buffer)

        await until(buffers)
        async with edge_at(tmp_path, port=port) as edge:
            await until(lambda: job_is(edge, job, "completed"))
            for task in await tasks_of(edge, job):
                attempts = (await call(edge, "GET", f"tasks/{task['id']}/attempts"))["attempts"]
                assert [attempt["ending"] for attempt in attempts] == ["completed"]
            nursery.cancel_scope.cancel()


async def test_of_a_job_that_is_canceled_it_stops_the_task(edge):
    worker = Flamenco3Worker(edge.url, "three")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker.run)
        job = await submitted(edge, sleep_duration_seconds=10_000)

        async def sleeps() -> bool:
            return [task["status"] for task in await tasks_of(edge, job)][1] == "active"

        await until(sleeps)
        change = {"status": "cancel-requested", "reason": "enough"}
        await call(edge, "POST", f"jobs/{job}/setstatus", change, 204)
        other = await submitted(edge)
        await until(lambda: job_is(edge, other, "completed"))
        nursery.cancel_scope.cancel()


@pytest.mark.slow
async def test_one_that_falls_silent_is_lost_and_its_task_goes_to_another(tmp_path):
    config = attrs.evolve(USUAL_CONFIG, worker_timeout=3.0)
    async with edge_at(tmp_path, config) as edge, trio.open_nursery() as nursery:
        lost = Flamenco3Worker(edge.url, "lost", pace=0.1)  # it sleeps until it is cut off
        other = Flamenco3Worker(edge.url, "other")
        job = await submitted(edge, sleep_duration_seconds=50)
        async with trio.open_nursery() as alone:
            alone.start_soon(lost.run)

            async def sleeps() -> bool:
                return [task["status"] for task in await tasks_of(edge, job)][1] == "active"

            await until(sleeps)
            alone.cancel_scope.cancel()
        nursery.start_soon(other.run)
        await until(lambda: worker_is(edge, lost, "error"))
        await until(lambda: job_is(edge, job, "completed"))
        slept = (await tasks_of(edge, job))[1]
        assert slept["worker"]["name"] == "other"
        login = (lost.worker_id, lost.secret)
        late = {"taskStatus": "completed", "activity": "Completed"}
        await call(edge, "POST", f"worker/task/{slept['id']}", late, 409, login)
        nursery.cancel_scope.cancel()
