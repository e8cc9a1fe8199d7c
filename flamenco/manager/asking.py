"""Reaching the actors of jobs and workers by their ids."""

from typing import TypeVar

import actors
from flamenco.manager.jobs.messages import WakeJob
from flamenco.manager.services import JOBS, WORKERS

T = TypeVar("T")


async def ask_job(system: actors.ActorSystem, job_id: str, message: actors.Request[T]) -> T:
    """The answer of a job's actor, which begins a life for that if it has none.

    Raises `NotFound` if there is no such job, `NotWhileParked` if it is parked. One that ends in
    this very moment is reached anew, once: by then it is parked, or erased.
    """
    job = system.find(f"{JOBS}/{job_id}") or await reach_job(system, job_id)
    try:
        return await job.ask(message)
    except (actors.ActorStopped, actors.ActorCrashed):
        if job.alive:
            raise
        return await (await reach_job(system, job_id)).ask(message)


async def reach_job(system: actors.ActorSystem, job_id: str) -> actors.ActorRef:
    """The actor of a job, which begins a life if it has none."""
    jobs = system.find(JOBS)
    if jobs is None:
        raise actors.ActorStopped("the jobs are not there yet")
    return await jobs.ask(WakeJob(job_id))


def worker_actor(system: actors.ActorSystem, worker_id: str) -> actors.ActorRef | None:
    """The actor that a worker has now."""
    return system.find(f"{WORKERS}/{worker_id}")


def tell_worker(teller: actors.Actor, worker_id: str, message: object) -> bool:
    """Tell the actor that a worker has now; False if there is none."""
    worker = worker_actor(teller.system, worker_id)
    if worker is not None:
        teller.tell(worker, message)
    return worker is not None
