"""The frames of a job, one by one: all that its tasks are to make, and what else they have made.

They are told in plain tuples, since a job has tens of thousands, and all of them may be asked for.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple

from flamenco.model.statuses import FrameState, TaskStatus
from flamenco.model.tally import STATE_OF, by_state, deciding, shares

MOST_AT_ONCE = 100_000
"""Maximum number of frames that are listed at once."""


class FrameTask(NamedTuple):
    """A task, as far as the list of frames is concerned with it."""

    id: str
    frames: str = ""
    status: TaskStatus = TaskStatus.FAILED
    steps_completed: int = 0
    steps_total: int = 0
    worker_id: str | None = None
    lease: int = 0
    warnings: tuple[str, ...] | None = None


class ListedPicture(NamedTuple):
    """A picture of a frame, as far as the list of frames is concerned with it."""

    frame: int
    task_id: str
    output: str = ""
    lease: int = 0
    name: str = ""
    width: int = 0
    height: int = 0
    small: int = 0
    large: int = 0
    reason: str = ""
    file: str = ""
    seconds: float | None = None


class Frame(NamedTuple):
    """A frame of a job."""

    number: int
    state: FrameState
    task: FrameTask
    """The task that makes it. Of several that make it together, the last one in its state."""
    pictures: Sequence[ListedPicture]
    """Pictures of the newest attempt that made it, one of each output, in their order."""


class FrameList(NamedTuple):
    """A part of a job's frames, in order."""

    frames: Sequence[Frame]
    next: int | None
    """The last of them, if there are more."""


_Piece = tuple[int, int, FrameState, FrameTask]
"""First and last of consecutive frames, and what they have in common."""


def listed_frames(
    tasks: Collection[FrameTask],
    pictures: Iterable[ListedPicture],
    after: int | None = None,
    limit: int | None = None,
) -> FrameList:
    """The frames behind a number, at most ``limit`` and `MOST_AT_ONCE` of them."""
    most = min(limit or MOST_AT_ONCE, MOST_AT_ONCE)
    shown = _by_frame(pictures)
    planned = list(islice(_planned(tasks, shown, after), most + 1))
    end = planned[-1].number if len(planned) > most else None
    more = shown.keys() - {frame.number for frame in planned}
    of_id = {task.id: task for task in tasks} if more else {}
    others = [
        Frame(number, FrameState.DONE, task, shown[number])
        for number in more
        if (after is None or number > after)
        and (end is None or number < end)
        and (task := of_id.get(shown[number][0].task_id))
    ]
    frames = sorted((*planned, *others), key=attrgetter("number")) if others else planned
    return FrameList(frames[:most], frames[most - 1].number if len(frames) > most else None)


def _by_frame(pictures: Iterable[ListedPicture]) -> Mapping[int, Sequence[ListedPicture]]:
    """The pictures of each frame, of each output that of the newest attempt."""
    found: dict[int, list[ListedPicture]] = {}
    for picture in pictures:
        found.setdefault(picture[0], []).append(picture)
    for frame, several in found.items():
        if len(several) > 1:
            in_order = sorted(several, key=attrgetter("output", "lease"))
            found[frame] = list({each.output: each for each in in_order}.values())
    return found


def _planned(
    tasks: Iterable[FrameTask],
    pictures: Mapping[int, Sequence[ListedPicture]],
    after: int | None,
) -> Iterator[Frame]:
    for first, last, state, task in _pieces([task for task in tasks if task.frames]):
        begin = first if after is None else max(first, after + 1)
        for number in range(begin, last + 1):
            yield Frame(number, state, task, pictures.get(number, ()))


def _pieces(makers: Collection[FrameTask]) -> list[_Piece]:
    """Runs of frames that have a state and a task in common, in order."""
    own: list[_Piece] = []
    of_one: dict[object, FrameState] = {}  # most tasks make one frame, and are alike
    for task in makers:
        if task.frames.isdecimal():
            number, progress = int(task.frames), task[2:5]
            state = of_one.get(progress)
            if state is None:
                state = of_one[progress] = next(by_state(task))[2]
            own.append((number, number, state, task))
        else:
            own += [(*run, task) for run in by_state(task)]
    own.sort(key=itemgetter(0))
    if all(one[1] < other[0] for one, other in pairwise(own)):
        return own
    found = shares(makers)
    if found is None:
        return []
    stretches: list[list[FrameTask]] = [[] for _ in found.edges]
    for task in makers:
        for start, end in found.of[task.id]:
            for stretch in stretches[start:end]:
                stretch.append(task)
    return [
        (first, end - 1, *_together(together))
        for (first, end), together in zip(pairwise(found.edges), stretches, strict=False)
        if together
    ]


def _together(tasks: Sequence[FrameTask]) -> tuple[FrameState, FrameTask]:
    """The state of a frame that several tasks make, and the last of them that is in it."""
    state = deciding(STATE_OF[task.status] for task in tasks)
    return state, next(task for task in reversed(tasks) if STATE_OF[task.status] is state)
