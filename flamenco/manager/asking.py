"""Reaching the actors of jobs and workers by their ids."""

from contextlib import suppress
from typing import TypeVar

import actors
from flamenco.manager.jobs.messages import WakeJob
from flamenco.manager.services import JOBS, WORKERS

T = TypeVar("T")

WAKE_UPS = 3


async def ask_job(system: actors.ActorSystem, job_id: str, message: actors.Request[T]) -> T:
    """The answer of a job's actor, woken from its snapshot if it doesn't run.

    Raises `NotFound` if there is no such job. A job that retires in this very moment is woken
    again; one that is erased in this moment may be woken on nothing, and then is not there.
    """
    jobs = system.find(JOBS)
    if jobs is None:
        raise actors.ActorStopped("the jobs are not there yet")
    for _ in range(WAKE_UPS):
        job = await jobs.ask(WakeJob(job_id))
        with suppress(actors.ActorStopped):
            return await job.ask(message)
    raise actors.ActorStopped(f"job {job_id} stops again and again")


def worker_actor(system: actors.ActorSystem, worker_id: str) -> actors.ActorRef | None:
    """The actor that a worker has now."""
    return system.find(f"{WORKERS}/{worker_id}")


def tell_worker(teller: actors.Actor, worker_id: str, message: object) -> bool:
    """Tell the actor that a worker has now; False if there is none."""
    worker = worker_actor(teller.system, worker_id)
    if worker is not None:
        teller.tell(worker, message)
    return worker is not None
