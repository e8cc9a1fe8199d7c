"""The frames of a job, one by one: all that its tasks are to make, and what else they have made.

They are told in plain tuples, since a job has tens of thousands, and all of them may be asked for.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple

from flamenco.model.bounds import MOST_LISTED
from flamenco.model.pictures import rank_of
from flamenco.model.statuses import FrameState, TaskStatus
from flamenco.model.tally import STATE_OF, by_state, deciding, shares


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
    """One of each output, the frame's own first: of the newest attempt at its task; where that has
    none, at the last of the tasks that have."""


class FramesPart(NamedTuple):
    """A part of a job's frames; without any limit, all."""

    after: int | None = None
    """The number behind which it begins."""
    last: int | None = None
    """The number with which it ends."""
    limit: int | None = None
    """Maximum number of frames, never more than `MOST_LISTED`."""

    def has(self, number: int) -> bool:
        """True if a frame with this number lies within it."""
        return (self.after is None or number > self.after) and (
            self.last is None or number <= self.last
        )


class FrameList(NamedTuple):
    """A part of a job's frames, in order."""

    frames: Sequence[Frame]
    next: int | None
    """The last of them, if there are more."""


Piece = tuple[int, int, FrameState, FrameTask]
"""First and last of consecutive frames, and what they have in common."""


def listed_frames(
    tasks: Sequence[FrameTask],
    pictures: Iterable[ListedPicture],
    part: FramesPart = FramesPart(),  # noqa: B008 - it never changes
) -> FrameList:
    """The frames of a part. Tasks and pictures of others may be left out."""
    most = min(part.limit or MOST_LISTED, MOST_LISTED)
    made = _by_frame(pictures)
    places = {task.id: place for place, task in enumerate(tasks)}
    planned = list(islice(_planned(tasks, made, places, part), most + 1))
    end = planned[-1].number if len(planned) > most else None
    others = [
        each
        for each in _unplanned(tasks, made, places, {number for number, *_ in planned})
        if part.has(each.number) and (end is None or each.number < end)
    ]
    frames = sorted((*planned, *others), key=attrgetter("number")) if others else planned
    return FrameList(frames[:most], frames[most - 1].number if len(frames) > most else None)


def _unplanned(
    tasks: Sequence[FrameTask],
    made: Mapping[int, Sequence[ListedPicture]],
    places: Mapping[str, int],
    planned: Collection[int],
) -> Iterator[Frame]:
    """Frames that were made though no command told of them."""
    for number in made.keys() - planned:
        shown = _shown(made[number], places)
        place = places.get(shown[0].task_id)
        if place is not None:
            yield Frame(number, FrameState.DONE, tasks[place], shown)


def all_pieces(tasks: Sequence[FrameTask], pictures: Iterable[ListedPicture]) -> Sequence[Piece]:
    """All frames of a job, in order, without their pictures.

    Of the ``pictures``, those of planned frames may be left out.
    """
    pieces = _pieces([task for task in tasks if task.frames])
    planned = {number for first, last, *_ in pieces for number in range(first, last + 1)}
    places = {task.id: place for place, task in enumerate(tasks)}
    others = [
        (number, number, state, task)
        for number, state, task, _ in _unplanned(tasks, _by_frame(pictures), places, planned)
    ]
    return sorted((*pieces, *others), key=itemgetter(0)) if others else pieces


def _by_frame(pictures: Iterable[ListedPicture]) -> Mapping[int, Sequence[ListedPicture]]:
    found: dict[int, list[ListedPicture]] = {}
    for picture in pictures:
        found.setdefault(picture[0], []).append(picture)
    return found


def _shown(
    several: Sequence[ListedPicture], places: Mapping[str, int], task_id: str = ""
) -> Sequence[ListedPicture]:
    """Of all pictures of a frame that this task makes, one of each output, in their order."""
    if len(several) < 2:
        return several

    def rank(picture: ListedPicture) -> tuple[tuple[bool, str], bool, int, int]:
        _, maker, output, lease, *_ = picture
        return rank_of(output), maker == task_id, places.get(maker, -1), lease

    return list({each.output: each for each in sorted(several, key=rank)}.values())


def _planned(
    tasks: Iterable[FrameTask],
    pictures: Mapping[int, Sequence[ListedPicture]],
    places: Mapping[str, int],
    part: FramesPart,
) -> Iterator[Frame]:
    for first, last, state, task in _pieces([task for task in tasks if task.frames]):
        begin = first if part.after is None else max(first, part.after + 1)
        end = last if part.last is None else min(last, part.last)
        for number in range(begin, end + 1):
            shown = pictures.get(number, ())
            if len(shown) > 1:
                shown = _shown(shown, places, task.id)
            yield Frame(number, state, task, shown)


def _pieces(makers: Collection[FrameTask]) -> list[Piece]:
    """Runs of frames that have a state and a task in common, in order."""
    own: list[Piece] = []
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
