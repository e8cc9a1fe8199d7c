"""The steps of a job: groups of tasks that are alike, and which of them wait for which.

A job of 100,000 tasks has a few: its frames, the video of them. Tasks are alike if they have the
same type, and names that differ in their numbers only.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from flamenco.model.statuses import TaskStatus

MOST_STEPS = 60
"""Maximum number of steps: more than people can look at together."""

_NUMBERS = re.compile(r"(?:(?<=[-, ])-)?\d+(?:[-.,_: ]+\d+)*")
"""Numbers and ranges of them, which may be negative."""

Key = tuple[str, str]
"""Type of tasks, and what their names have in common."""


@attrs.frozen
class Step:
    """Tasks that are alike."""

    type: str
    """Type of its tasks; empty if they have several."""
    name: str
    """Common part of their names; empty for all tasks of the type."""
    counts: Mapping[TaskStatus, int]
    """Number of its tasks by status."""


@attrs.frozen
class Steps:
    """The steps of a job, in the order of their first tasks."""

    steps: Sequence[Step]
    links: Sequence[tuple[int, int]]
    """Places of two steps: a task of the second needs one of the first."""


@attrs.frozen
class Counted:
    """Number of tasks with a key that are in a status, and the place in the job of the first."""

    key: Key
    status: TaskStatus
    count: int
    first: int


def name_of_step(task: str) -> str:
    """Part of a name of a task that those of its step have in common: ``#`` stands for numbers."""
    return _NUMBERS.sub("#", task)


def steps_of(counted: Iterable[Counted], links: Iterable[tuple[Key, Key]]) -> Steps:
    """The steps, from the number of tasks of each kind, and the kinds that need each other."""
    kinds = sorted(counted, key=lambda each: each.first)
    key_of = _merged(dict.fromkeys(each.key for each in kinds))
    counts: dict[Key, Counter[TaskStatus]] = {}
    for each in kinds:
        counts.setdefault(key_of[each.key], Counter())[each.status] += each.count
    place = {key: number for number, key in enumerate(counts)}
    found = {
        (place[key_of[before]], place[key_of[after]])
        for before, after in links
        if before in key_of and after in key_of
    }
    return Steps(
        [Step(*key, counts=each) for key, each in counts.items()],
        sorted((before, after) for before, after in found if before != after),
    )


def _merged(keys: Iterable[Key]) -> Mapping[Key, Key]:
    """The step of each kind: its own; where these are too many, one a type, and one of the rest."""
    every = list(keys)
    if len(every) <= MOST_STEPS:
        return {key: key for key in every}
    types = list(dict.fromkeys(kind for kind, _ in every))
    named = types if len(types) <= MOST_STEPS else types[: MOST_STEPS - 1]
    shown = set(named)
    return {key: (key[0] if key[0] in shown else "", "") for key in every}
