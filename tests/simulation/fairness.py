"""Workers that could run a task by the rules, read from disk and in the plainest form."""

import json
import sqlite3
from collections.abc import Iterable

import attrs

from tests.simulation.worker import SimulatedWorker


@attrs.frozen
class Ready:
    """A task that could start."""

    id: str
    job: str
    type: str
    tag: str | None
    memory: int
    """MiB that it needs."""
    kept_from: frozenset[str]
    """Ids of the workers that failed it or are blocklisted."""


def ready_tasks(reader: sqlite3.Connection) -> list[Ready]:
    """All tasks that wait for nothing but a worker."""
    done = {row[0] for row in reader.execute("SELECT id FROM tasks WHERE status = 'completed'")}
    blocks = reader.execute("SELECT job_id, task_type, worker_id FROM job_blocks").fetchall()
    rows = reader.execute(
        "SELECT tasks.id, jobs.id, tasks.type, worker_tag, requirements, failed_by, depends_on "
        "FROM tasks JOIN jobs ON jobs.id = job_id "
        "WHERE jobs.status IN ('queued', 'active') AND delete_requested_at IS NULL "
        "AND tasks.status IN ('queued', 'soft-failed') AND tasks.type != 'approval' "
        "AND jobs.id NOT IN (SELECT id FROM parked WHERE kind = 'job')"
    )
    return [
        Ready(
            task,
            job,
            type_,
            tag,
            json.loads(needs)["every_task"]["memory_mib"],
            frozenset(json.loads(failed))
            | {worker for job_, blocked, worker in blocks if (job_, blocked) == (job, type_)},
        )
        for task, job, type_, tag, needs, failed, needed in rows.fetchall()
        if done.issuperset(json.loads(needed))
    ]


def idle_though_able(
    reader: sqlite3.Connection, workers: Iterable[SimulatedWorker]
) -> tuple[str, Ready] | None:
    """A worker that waits, and a task it could run; None if there are no such two."""
    waiting = [worker for worker in workers if worker.waits]
    if not waiting:
        return None
    ready = ready_tasks(reader)
    rows = reader.execute(
        "SELECT id, tags FROM workers WHERE status = 'awake' AND request IS NULL "
        "AND deleted_at IS NULL "
        "AND id NOT IN (SELECT id FROM parked WHERE kind = 'worker') AND NOT EXISTS "
        "(SELECT 1 FROM tasks WHERE worker_id = workers.id AND tasks.status = 'active')"
    )
    free = {worker: json.loads(tags) for worker, tags in rows.fetchall()}
    for worker in waiting:
        for task in ready:
            if worker.id in free and _may_run(worker, free[worker.id], task):
                return worker.name, task
    return None


def _may_run(worker: SimulatedWorker, tags: list[str], task: Ready) -> bool:
    return (
        task.type in worker.task_types
        and worker.id not in task.kept_from
        and (task.tag is None or task.tag in tags)
        and 100 * worker.specs.memory_mib >= 93 * task.memory
    )
