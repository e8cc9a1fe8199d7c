"""The states of all frames of a job in few bytes, for a strip with a cell for each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from flamenco.model.framelist import Piece
from flamenco.model.frames import Run, written
from flamenco.model.statuses import FrameState

LETTERS: Mapping[FrameState, str] = {
    FrameState.QUEUED: "q",
    FrameState.ACTIVE: "a",
    FrameState.DONE: "d",
    FrameState.FAILED: "f",
    FrameState.CANCELED: "c",
}


class FrameStates(NamedTuple):
    """Numbers and states of frames."""

    frames: str
    """Range of all frames."""
    states: str
    """A letter for each of them, in order (`LETTERS`); upper case where its task has warnings."""
    chunks: Sequence[int]
    """Number of consecutive frames that the same task makes, in order; empty if it is always 1."""


def frame_states(pieces: Iterable[Piece]) -> FrameStates:
    """The states of frames in order (`flamenco.model.framelist.all_pieces`)."""
    runs: list[Run] = []
    letters: list[str] = []
    chunks: list[int] = []
    maker = None
    for first, last, state, task in pieces:
        length = last - first + 1
        letter = LETTERS[state]
        letters.append((letter.upper() if task.warnings else letter) * length)
        if runs and runs[-1][1] + 1 == first:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
        if task.id == maker:
            chunks[-1] += length
        else:
            chunks.append(length)
            maker = task.id
    of_one = all(each == 1 for each in chunks)
    return FrameStates(written(runs), "".join(letters), () if of_one else chunks)
