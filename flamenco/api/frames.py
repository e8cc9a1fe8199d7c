"""Wire classes of the list of a job's frames, none of them in Flamenco 3."""

from enum import StrEnum

import attrs
from msgspec import UNSET, UnsetType

from flamenco.api.lists import Limit
from flamenco.api.pictures import ShownPicture
from flamenco.model.bounds import Line, Number, Word
from flamenco.model.statuses import FrameState


@attrs.frozen(kw_only=True)
class FrameWorker:
    id: str
    name: str
    """Empty if it was deleted."""


@attrs.frozen(kw_only=True)
class ListedFrame:
    """A frame that the tasks of a job are to make, or have made."""

    frame: int
    state: FrameState
    task: str
    """Id of the task that makes it. Of several that make it together, the last in this state."""
    attempt: int
    """Number of the newest attempt at that task; 0 before the first."""
    worker: FrameWorker | UnsetType = UNSET
    """Worker of that attempt."""
    seconds: float | UnsetType = UNSET
    """Time that it took."""
    files: tuple[str, ...] | UnsetType = UNSET
    """Paths of its images, where they were told; two-way variables stand in for folders."""
    pictures: tuple[ShownPicture, ...] = ()
    """Pictures of its images, of each output the newest."""
    warnings: tuple[str, ...] | UnsetType = UNSET
    """Sentences about what may be wrong in the result of its task."""


@attrs.frozen(kw_only=True)
class JobFrames:
    frames: tuple[ListedFrame, ...]
    next: str | UnsetType = UNSET
    """Beginning of the next page, if there is one."""


@attrs.frozen(kw_only=True)
class FramesWanted:
    """One page of the frames of a job, or of those from a number to another."""

    first: Number | None = None
    last: Number | None = None

    limit: Limit | None = None
    """Maximum number of frames; without it, all, up to 100,000."""
    after: Word = ""
    """The `next` of the previous page."""


@attrs.frozen(kw_only=True)
class FrameStates:
    """The states of all frames of a job, in few bytes."""

    frames: str
    """Their range, such as `1-240`."""
    states: str
    """A letter for each, in order: queued, active, done, failed, canceled; upper case where its
    task told of a warning."""
    chunks: tuple[int, ...] | UnsetType = UNSET
    """Numbers of consecutive frames that the same task makes, in order; left out if each frame has
    a task of its own."""


class VideoFormat(StrEnum):
    MP4 = "mp4"
    """H.264."""
    WEBM = "webm"
    """VP9."""


@attrs.frozen(kw_only=True)
class VideoWanted:
    format: VideoFormat = VideoFormat.MP4
    output: Line = ""
    """Output to show, of the frames that have it, as the list of frames names it; empty: of each
    frame the first."""


@attrs.frozen(kw_only=True)
class VideoInTheMaking:
    """How far a video is that is being made."""

    done: int
    """Number of frames."""
    of: int


@attrs.frozen(kw_only=True)
class FrameChange:
    """Change of a frame, as the list of frames tells it."""

    frame: int
    state: FrameState | UnsetType = UNSET
    task: str | UnsetType = UNSET
    attempt: int | UnsetType = UNSET
    worker: FrameWorker | UnsetType = UNSET
    seconds: float | UnsetType = UNSET
    files: tuple[str, ...] | UnsetType = UNSET
    """New ones; others stay."""
    pictures: tuple[ShownPicture, ...] | UnsetType = UNSET
    """New ones; those of other outputs, and of newer attempts at the same task, stay."""
    warnings: tuple[str, ...] | UnsetType = UNSET
