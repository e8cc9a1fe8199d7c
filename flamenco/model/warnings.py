"""What is likely wrong with a job that is accepted all the same."""

from collections.abc import Collection, Iterable

from flamenco.model.jobs import APPROVAL


def unoffered(task_types: Iterable[str], offered: Collection[str]) -> tuple[str, ...]:
    """A warning for each task type of a job that none of the workers offers.

    An approval is given by a person, so no worker needs to offer that.
    """
    return tuple(
        f"no worker offers tasks of type {task_type!r}: they wait until one does"
        for task_type in dict.fromkeys(task_types)
        if task_type not in offered and task_type != APPROVAL
    )
