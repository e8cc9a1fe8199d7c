"""Number of frames of a job in each state.

A frame that one task makes goes with the steps of that task, so that frames of a chunk are done one
after the other. Where tasks share frames, as the tiles of an image and the views of a stereo render
do, a frame is as far as the least of its tasks.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Protocol

import attrs

from flamenco.model.frames import Run
from flamenco.model.jobs import FrameCounts
from flamenco.model.planned import runs_of
from flamenco.model.statuses import FrameState, TaskStatus

STATE_OF: Mapping[TaskStatus, FrameState] = {
    TaskStatus.QUEUED: FrameState.QUEUED,
    TaskStatus.SOFT_FAILED: FrameState.QUEUED,
    TaskStatus.PAUSED: FrameState.QUEUED,
    TaskStatus.ACTIVE: FrameState.ACTIVE,
    TaskStatus.COMPLETED: FrameState.DONE,
    TaskStatus.FAILED: FrameState.FAILED,
    TaskStatus.CANCELED: FrameState.CANCELED,
}

DECIDING = (
    FrameState.FAILED,
    FrameState.ACTIVE,
    FrameState.CANCELED,
    FrameState.QUEUED,
    FrameState.DONE,
)
"""States of the tasks that make a frame together: the first that one of them has is the frame's."""

UNFINISHED = (FrameState.QUEUED, FrameState.ACTIVE)

MOST_SHARES = 1_000_000
"""Maximum number of parts into which the frames of tasks fall where they are shared."""


def _number(runs: Iterable[Run]) -> int:
    return sum(last - first + 1 for first, last in runs)


class Maker(Protocol):
    """A task, as far as its frames are concerned."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> TaskStatus: ...
    @property
    def steps_completed(self) -> int: ...
    @property
    def steps_total(self) -> int: ...
    @property
    def frames(self) -> str: ...


def states(task: Maker, number: int) -> tuple[tuple[FrameState, int], ...]:
    """States of this number of frames of a task, in the order in which it makes them.

    Steps of its other commands are taken to come first, so no frame counts as done too early.
    """
    state = STATE_OF[task.status]
    if state is FrameState.DONE:
        return ((state, number),)
    others = task.steps_total - number
    done = min(number, max(0, task.steps_completed - others)) if others >= 0 else 0
    rest = number - done
    if state is not FrameState.ACTIVE:
        return ((FrameState.DONE, done), (state, rest))
    now = min(1, rest)
    return ((FrameState.DONE, done), (state, now), (FrameState.QUEUED, rest - now))


def by_state(task: Maker) -> Iterator[tuple[int, int, FrameState]]:
    """Runs of frames of a task that are in the same state, in order: first, last and state."""
    runs = runs_of(task.frames)
    parts = iter(states(task, _number(runs)))
    state, left = FrameState.QUEUED, 0
    for begin, last in runs:
        first = begin
        while first <= last:
            while not left:
                state, left = next(parts)
            end = min(last, first + left - 1)
            yield first, end, state
            left -= end - first + 1
            first = end + 1


def frame_at(task: Maker) -> int | None:
    """The frame that a task is making now; None if it makes none, or none that it tells."""
    return next((first for first, _, state in by_state(task) if state is FrameState.ACTIVE), None)


def changes(before: Maker, task: Maker) -> Iterator[tuple[int, int, FrameState]]:
    """Runs of frames of a task that are in another state than before, in order."""
    if (before.status, before.steps_completed) == (task.status, task.steps_completed):
        return
    earlier = by_state(before)
    end: int | None = None
    was: FrameState | None = None
    for begin, last, state in by_state(task):
        first = begin
        while first <= last:
            while end is None or end < first:
                _, end, was = next(earlier)
            if was is not state:
                yield first, min(last, end), state
            first = min(last, end) + 1


@attrs.frozen
class Shares:
    """Frames that several tasks make together, in stretches that the same tasks make."""

    edges: list[int]
    """First frames of the stretches, and what follows the last one."""
    of: Mapping[str, list[tuple[int, int]]]
    """{task id: places of its stretches, each from and up to}."""


def shares(tasks: Iterable[Maker]) -> Shares | None:
    """The stretches of all tasks; None if there are too many to look at."""
    of_tasks = [(task.id, runs_of(task.frames)) for task in tasks]
    runs = {run for _, each in of_tasks for run in each}
    edges = sorted({edge for first, last in runs for edge in (first, last + 1)})
    of = {
        task_id: [(bisect_left(edges, first), bisect_left(edges, last + 1)) for first, last in runs]
        for task_id, runs in of_tasks
    }
    many = sum(end - start for each in of.values() for start, end in each) > MOST_SHARES
    return None if many else Shares(edges, of)


def deciding(states: Iterable[FrameState]) -> FrameState:
    """The state of a frame that several tasks make, by theirs."""
    return min(states, key=DECIDING.index, default=DECIDING[-1])


@attrs.define(eq=False)
class _Stretch:
    """Consecutive frames that the same tasks make."""

    length: int
    tasks: Counter[FrameState] = attrs.field(factory=Counter)
    """Number of those tasks in each state."""

    @property
    def state(self) -> FrameState:
        return deciding(state for state in DECIDING if self.tasks[state])


@attrs.define(eq=False)
class Tally:
    """The number of frames of a job in each state. A change costs the same in every job."""

    numbers: Counter[FrameState] = attrs.field(factory=Counter)
    _taken: list[Run] | None = attrs.field(factory=list)
    """All frames so far, as long as no two tasks share one."""
    _stretches: dict[str, list[_Stretch]] | None = None
    """{task id: its frames}, where tasks share frames."""

    @property
    def is_shared(self) -> bool:
        """True if several tasks make a frame together."""
        return self._stretches is not None

    def add(self, task: Maker) -> None:
        """Count the frames of a new task."""
        runs = runs_of(task.frames)
        if self._taken is not None and any(not _take(self._taken, run) for run in runs):
            self._taken = None
        for state, number in states(task, _number(runs)):
            self.numbers[state] += number

    def complete(self, tasks: Iterable[Maker]) -> None:
        """Note that these are all tasks, each of which was added."""
        if self._taken is None:
            self._share([task for task in tasks if task.frames])
        self._taken = []

    def _share(self, tasks: Collection[Maker]) -> None:
        self.numbers.clear()
        self._stretches = {}
        found = shares(tasks)
        if found is None:
            return
        stretches = [_Stretch(end - start) for start, end in pairwise(found.edges)]
        for task in tasks:
            places = found.of[task.id]
            own = [each for start, end in places for each in stretches[start:end]]
            self._stretches[task.id] = own
            for stretch in own:
                stretch.tasks[STATE_OF[task.status]] += 1
        for stretch in stretches:
            if stretch.tasks:
                self.numbers[stretch.state] += stretch.length

    def move(self, before: Maker, task: Maker) -> None:
        """Count what became of a task's frames."""
        if self._stretches is None:
            number = _number(runs_of(task.frames))
            for state, count in states(before, number):
                self.numbers[state] -= count
            for state, count in states(task, number):
                self.numbers[state] += count
            return
        was, now = STATE_OF[before.status], STATE_OF[task.status]
        for stretch in self._stretches.get(task.id, ()) if was is not now else ():
            self.numbers[stretch.state] -= stretch.length
            stretch.tasks[was] -= 1
            stretch.tasks[now] += 1
            self.numbers[stretch.state] += stretch.length

    @property
    def _is_of_tasks(self) -> bool:
        """True if progress is measured in tasks: there are no frames, or several make one."""
        return self.is_shared or not self.numbers.total()

    def left(self, tasks: Mapping[TaskStatus, int]) -> int:
        """Number of frames, or of tasks, that are queued or being made."""
        if self._is_of_tasks:
            return sum(count for status, count in tasks.items() if STATE_OF[status] in UNFINISHED)
        return sum(self.numbers[state] for state in UNFINISHED)

    def paced(self, task: Maker) -> int:
        """Number of those that a task makes; 0 if it makes no frames of a job that has some."""
        return 1 if self._is_of_tasks else _number(runs_of(task.frames))

    def counts(self, tasks: Mapping[TaskStatus, int]) -> FrameCounts:
        """The numbers that are shown; of a job without frames, those of its ``tasks`` by status."""
        are_tasks = not self.numbers.total()
        shown = Counter[FrameState]() if are_tasks else self.numbers
        for status, count in tasks.items() if are_tasks else ():
            shown[STATE_OF[status]] += count
        return FrameCounts(
            total=shown.total(),
            done=shown[FrameState.DONE],
            failed=shown[FrameState.FAILED],
            active=shown[FrameState.ACTIVE],
            are_tasks=are_tasks,
        )


def _take(taken: list[Run], run: Run) -> bool:
    """Add a run to others, unless it has a frame that they have. They are kept as few as can be."""
    first, last = run
    at = bisect_right(taken, run)
    before = taken[at - 1] if at else None
    after = taken[at] if at < len(taken) else None
    if (before and before[1] >= first) or (after and after[0] <= last):
        return False
    joins_before, joins_after = before and before[1] + 1 == first, after and last + 1 == after[0]
    start = before[0] if before and joins_before else first
    end = after[1] if after and joins_after else last
    taken[at - bool(joins_before) : at + bool(joins_after)] = [(start, end)]
    return True
