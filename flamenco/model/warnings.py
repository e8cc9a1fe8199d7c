"""Likely mistakes in a job that is accepted all the same."""

from collections.abc import Collection, Iterable

from flamenco.model.jobs import APPROVAL, Job
from flamenco.model.statuses import FINISHED_JOBS

MOST = 50
"""Warnings that stand on one job."""
_UNOFFERED = "no worker offers tasks of type "


def unoffered(task_types: Iterable[str], offered: Collection[str]) -> tuple[str, ...]:
    """A warning for each task type of a job that no worker offers.

    Approvals are given by people, so no worker needs to offer them.
    """
    return tuple(
        _unoffered(task_type)
        for task_type in dict.fromkeys(task_types)
        if task_type not in offered and task_type != APPROVAL
    )


def standing(job: Job, offered: Collection[str]) -> tuple[str, ...]:
    """The warnings of a job that still apply, given the task types that workers offer now."""
    if job.status in FINISHED_JOBS:
        return of_results(job)
    settled = set(map(_unoffered, offered))
    return tuple(warning for warning in job.warnings if warning not in settled)


def of_results(job: Job) -> tuple[str, ...]:
    """The warnings that came from its tasks."""
    return tuple(warning for warning in job.warnings if not warning.startswith(_UNOFFERED))


def gathered(job: Job, more: Iterable[str]) -> tuple[str, ...]:
    """The warnings of a job, and those of a task: each once, and no more than `MOST`."""
    return tuple(dict.fromkeys((*job.warnings, *more)))[:MOST]


def _unoffered(task_type: str) -> str:
    return f"{_UNOFFERED}{task_type!r}: they wait until one does"
