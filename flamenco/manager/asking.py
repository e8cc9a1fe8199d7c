"""Reaching the actors of jobs and workers by their ids."""

from typing import TypeVar

import actors
from flamenco.manager.jobs.messages import WakeJob
from flamenco.manager.services import JOBS, WORKERS

T = TypeVar("T")

ANSWER_SECONDS = 30.0
"""Seconds for the answer of a job, which may have to be read first, for whoever asked before: one
of 400,000 tasks takes a few."""


async def ask_job(system: actors.ActorSystem, job_id: str, message: actors.Request[T]) -> T:
    """The answer of a job's actor, which is started if it is not running.

    Raises `NotFound` if there is no such job, `NotWhileParked` if it is parked. An actor that ends
    at this very moment is asked once more: by then the job is parked, or erased.
    """
    job = system.find(f"{JOBS}/{job_id}") or await reach_job(system, job_id)
    try:
        return await job.ask(message, ANSWER_SECONDS)
    except (actors.ActorStopped, actors.ActorCrashed):
        if job.alive:
            raise
        return await (await reach_job(system, job_id)).ask(message, ANSWER_SECONDS)


async def reach_job(system: actors.ActorSystem, job_id: str) -> actors.ActorRef:
    """The actor of a job, which is started if it is not running."""
    jobs = system.find(JOBS)
    if jobs is None:
        raise actors.ActorStopped("the jobs are not there yet")
    return await jobs.ask(WakeJob(job_id))


def worker_actor(system: actors.ActorSystem, worker_id: str) -> actors.ActorRef | None:
    """The present actor of a worker; None if there is none."""
    return system.find(f"{WORKERS}/{worker_id}")


def tell_worker(teller: actors.Actor, worker_id: str, message: object) -> bool:
    """Tell the present actor of a worker; returns False if there is none."""
    worker = worker_actor(teller.system, worker_id)
    if worker is not None:
        teller.tell(worker, message)
    return worker is not None
