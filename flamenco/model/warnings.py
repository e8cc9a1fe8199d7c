"""Likely mistakes in a job that is accepted all the same."""

from collections.abc import Collection, Iterable

import attrs

from flamenco.model.frames import FrameRangeError, Run, frame_runs
from flamenco.model.jobs import APPROVAL, Job
from flamenco.model.specs import Requirements, Specs, missing
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


def unmet(task_type: str, needs: Requirements, offering: Iterable[Specs]) -> tuple[str, ...]:
    """A warning if no worker that offers tasks of a type has what they need."""
    lacks = [missing(specs, needs) for specs in offering]
    if not lacks or () in lacks:
        return ()
    least = min(lacks, key=len)
    return (f"no worker has what tasks of type {task_type!r} need: {', '.join(least)}",)


@attrs.frozen
class Written:
    """Output of a job that is not finished."""

    name: str
    """Name of the job."""
    frames: str
    """Range of its frames; empty if it does not say."""


def overwriting(frames: str, others: Iterable[Written]) -> tuple[str, ...]:
    """A warning for each job that writes one of these frames to the same path."""
    return tuple(
        f"job {other.name!r}, which is not finished, writes the same files"
        for other in others
        if _overlap(frames, other.frames)
    )[:MOST]


def _overlap(frames: str, others: str) -> bool:
    """True as well if one of them is no range, since nobody knows then."""
    try:
        return _meet(frame_runs(frames), frame_runs(others))
    except FrameRangeError:
        return True


def _meet(mine: list[Run], theirs: list[Run]) -> bool:
    left, right = 0, 0
    while left < len(mine) and right < len(theirs):
        if mine[left][1] < theirs[right][0]:
            left += 1
        elif theirs[right][1] < mine[left][0]:
            right += 1
        else:
            return True
    return False


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
