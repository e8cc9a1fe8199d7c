"""Whether the tasks of a compiled job can ever be done."""

from collections import deque
from collections.abc import Sequence

from flamenco.model.jobs import AuthoredTask


class GraphError(ValueError):
    """A job whose tasks cannot all be done."""


def check_graph(tasks: Sequence[AuthoredTask]) -> None:
    """Raises GraphError for a job without tasks, or with tasks that wait for each other."""
    if not tasks:
        raise GraphError("the job has no tasks")
    stuck = _stuck(tasks)
    if stuck:
        names = " → ".join(repr(tasks[place].name) for place in _cycle(tasks, stuck))
        raise GraphError(f"tasks wait for each other: {names}")


def _stuck(tasks: Sequence[AuthoredTask]) -> set[int]:
    """The places of tasks that wait, themselves or through others, for themselves."""
    waiting = [len(task.depends_on) for task in tasks]
    dependents: list[list[int]] = [[] for _ in tasks]
    for place, task in enumerate(tasks):
        for other in task.depends_on:
            dependents[other].append(place)
    ready = deque(place for place, count in enumerate(waiting) if not count)
    while ready:
        for place in dependents[ready.popleft()]:
            waiting[place] -= 1
            if not waiting[place]:
                ready.append(place)
    return {place for place, count in enumerate(waiting) if count}


def _cycle(tasks: Sequence[AuthoredTask], stuck: set[int]) -> list[int]:
    """One round of tasks that wait for each other, with the first again at the end."""
    seen: dict[int, int] = {}
    trail: list[int] = []
    place = min(stuck)
    while place not in seen:
        seen[place] = len(trail)
        trail.append(place)
        place = next(other for other in tasks[place].depends_on if other in stuck)
    return [*trail[seen[place] :], place]
