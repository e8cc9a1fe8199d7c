"""Number of frames of a job in each state.

A frame that one task makes goes with the steps of that task, so that frames of a chunk are done one
after the other. Where tasks share frames, as the tiles of an image and the views of a stereo render
do, a frame is as far as the least of its tasks.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

import attrs

from flamenco.model.frames import Run
from flamenco.model.jobs import FrameCounts, Task
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

MOST_SHARES = 1_000_000
"""Maximum number of parts into which the frames of tasks fall where they are shared."""


def _number(runs: Iterable[Run]) -> int:
    return sum(last - first + 1 for first, last in runs)


def states(task: Task, number: int) -> tuple[tuple[FrameState, int], ...]:
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


@attrs.define(eq=False)
class _Stretch:
    """Consecutive frames that the same tasks make."""

    length: int
    tasks: Counter[FrameState] = attrs.field(factory=Counter)
    """Number of those tasks in each state."""

    @property
    def state(self) -> FrameState:
        return next(state for state in DECIDING if self.tasks[state] or state is DECIDING[-1])


@attrs.define(eq=False)
class Tally:
    """The number of frames of a job in each state. A change costs the same in every job."""

    numbers: Counter[FrameState] = attrs.field(factory=Counter)
    _taken: list[Run] | None = attrs.field(factory=list)
    """All frames so far, as long as no two tasks share one."""
    _stretches: dict[str, list[_Stretch]] | None = None
    """{task id: its frames}, where tasks share frames."""

    def add(self, task: Task) -> None:
        """Count the frames of a new task."""
        runs = runs_of(task.frames)
        if self._taken is not None and any(not _take(self._taken, run) for run in runs):
            self._taken = None
        for state, number in states(task, _number(runs)):
            self.numbers[state] += number

    def complete(self, tasks: Iterable[Task]) -> None:
        """Note that these are all tasks, each of which was added."""
        if self._taken is None:
            self._share([task for task in tasks if task.frames])
        self._taken = []

    def _share(self, tasks: Collection[Task]) -> None:
        runs = {run for task in tasks for run in runs_of(task.frames)}
        edges = sorted({edge for first, last in runs for edge in (first, last + 1)})
        stretches = [_Stretch(end - start) for start, end in pairwise(edges)]
        places = {
            task.id: [
                (bisect_left(edges, first), bisect_left(edges, last + 1))
                for first, last in runs_of(task.frames)
            ]
            for task in tasks
        }
        self.numbers.clear()
        self._stretches = {}
        if sum(end - start for each in places.values() for start, end in each) > MOST_SHARES:
            return
        for task in tasks:
            own = [each for start, end in places[task.id] for each in stretches[start:end]]
            self._stretches[task.id] = own
            for stretch in own:
                stretch.tasks[STATE_OF[task.status]] += 1
        for stretch in stretches:
            if stretch.tasks:
                self.numbers[stretch.state] += stretch.length

    def move(self, before: Task, task: Task) -> None:
        """Count what became of a task's frames."""
        if not task.frames:
            return
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
