"""Behaviour of simulated tasks, and the job type that makes them."""

from random import Random

import attrs
import msgspec

SCRIPT = '''
"""Tasks as the setting says, in JSON: a type, the places of what each needs, and its nature."""

import json

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(label="Simulated", settings=[Setting("tasks", "string", required=True)])


def compile_job(job: JobToCompile, author: Author) -> None:
    made = []
    for place, each in enumerate(json.loads(job.settings["tasks"])):
        after = [made[need] for need in each["needs"]]
        task = author.task(f"{each['type']}-{place}", each["type"], after=after)
        task.command("echo", {"message": json.dumps(each["nature"])})
        made.append(task)
'''

TYPES = ("misc", "blender", "ffmpeg")


@attrs.frozen
class Nature:
    """Events of a worker that runs a task."""

    seconds: float = 10.0
    fails: tuple[str, ...] = ()
    """Names of the workers that fail it; `*` is everybody."""
    shunned_by: tuple[str, ...] = ()
    """Names of the workers that ask to be spared such tasks."""

    def failed_by(self, worker: str) -> bool:
        return "*" in self.fails or worker in self.fails


@attrs.frozen
class TaskPlan:
    """A task of a simulated job."""

    type: str
    needs: tuple[int, ...]
    nature: Nature


def draw_job(random: Random, workers: list[str]) -> tuple[TaskPlan, ...]:
    """A job of a few tasks: mostly healthy ones, some in a row, some that must be approved."""
    healthy = random.random() < 0.5
    return tuple(
        _draw_task(random, place, healthy, workers) for place in range(random.randint(1, 12))
    )


def _draw_task(random: Random, place: int, healthy: bool, workers: list[str]) -> TaskPlan:
    needs = random.sample(range(place), random.choice((0, 0, 1, 1, 2)) if place > 1 else 0)
    if random.random() < 0.05:
        return TaskPlan("approval", tuple(needs), Nature(0.0))
    fails: tuple[str, ...] = ()
    shunned: tuple[str, ...] = ()
    if not healthy and random.random() < 0.2:
        fails = ("*",) if random.random() < 0.2 else (random.choice(workers),)
    if not healthy and random.random() < 0.05:
        shunned = (random.choice(workers),)
    nature = Nature(random.choice((0.5, 3.0, 12.0, 40.0)) * random.random(), fails, shunned)
    return TaskPlan(random.choice(TYPES), tuple(needs), nature)


def settings_of(tasks: tuple[TaskPlan, ...]) -> dict[str, str]:
    """The settings of a job of these tasks."""
    return {"tasks": msgspec.json.encode(tasks).decode()}


def nature_of(message: str) -> Nature:
    """The nature of a task, from its command."""
    return msgspec.json.decode(message, type=Nature)
