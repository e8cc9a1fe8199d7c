"""Check that the tasks of a compiled job can all be done."""

from collections import deque
from collections.abc import Sequence

import attrs

from flamenco.model.bounds import Count, Line, Many, Word


class GraphError(ValueError):
    """A job whose tasks cannot all be done."""


@attrs.frozen
class Outline:
    """The parts of a task that decide if it can ever be done."""

    name: Line
    type: Word
    depends_on: Many[Count] = ()


def check_graph(tasks: Sequence[Outline]) -> None:
    """Raises GraphError if some task can never be done, or if there are no tasks."""
    if not tasks:
        raise GraphError("the job has no tasks")
    for number, task in enumerate(tasks, 1):
        if not task.name.strip() or not task.type.strip():
            got = f"{task.name!r} and {task.type!r}"
            raise GraphError(f"task {number} needs a name and a type, got {got}")
    stuck = _stuck(tasks)
    if stuck:
        names = " → ".join(repr(tasks[place].name) for place in _cycle(tasks, stuck))
        raise GraphError(f"tasks wait for each other: {names}")


def _stuck(tasks: Sequence[Outline]) -> set[int]:
    """The places of tasks that wait for themselves, directly or through others."""
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


def _cycle(tasks: Sequence[Outline], stuck: set[int]) -> list[int]:
    """One cycle of tasks that wait for each other, with the first again at the end."""
    seen: dict[int, int] = {}
    trail: list[int] = []
    place = min(stuck)
    while place not in seen:
        seen[place] = len(trail)
        trail.append(place)
        place = next(other for other in tasks[place].depends_on if other in stuck)
    return [*trail[seen[place] :], place]
