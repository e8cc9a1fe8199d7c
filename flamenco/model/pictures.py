"""Pictures of a job's frames: which are kept, and which go first when there are too many."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import attrs

from flamenco.model.bounds import Count, Line, Number, Word


class PicturePlace(NamedTuple):
    """The place of a picture in the list of those of its job."""

    frame: Number
    output: Line
    lease: Count
    task_id: Word


def rank_of(output: str) -> tuple[bool, str]:
    """The rank of an output among those of a frame, of which the first stands for it.

    Those of File Output nodes, whose names have a slash, come behind the views of the frame itself.
    """
    return is_added(output), output


def is_added(output: str) -> bool:
    """True if an output is one that a File Output node adds to the frame itself."""
    return "/" in output


@attrs.frozen(kw_only=True)
class Picture:
    """The picture of a frame that one attempt at its task made, or why there is none."""

    job_id: str
    task_id: str
    lease: int
    """Number of the attempt."""
    frame: int
    output: str
    """View that it shows, or folder and name of a File Output node's image; empty if there is one
    only."""
    name: str
    """Name of its files; empty if there is none."""
    width: int = 0
    """Width in pixels of the large one."""
    height: int = 0
    small: int = 0
    """Bytes of the small one; 0: it is not kept."""
    large: int = 0
    reason: str = ""
    """Sentence why there is none."""
    file: str = ""
    """Path of the image that it shows, with variables; empty if that was not told."""
    seconds: float | None = None
    """Time that the frame took, if that was told."""
    made: datetime

    @property
    def place(self) -> PicturePlace:
        """Its place in the list."""
        return PicturePlace(self.frame, self.output, self.lease, self.task_id)

    @property
    def size(self) -> int:
        """Bytes in both sizes."""
        return self.small + self.large


@attrs.frozen(kw_only=True)
class PicturesPart:
    """A part of the pictures of a job."""

    frame: int | None = None
    """The only frame of which they are; None: all frames."""
    after: PicturePlace | None = None
    """The place behind which it begins."""
    limit: int | None = None
    """Maximum number of pictures; None: `MOST_LISTED`."""


@attrs.frozen
class Sacrifice:
    """Pictures that make room for others."""

    gone: tuple[Picture, ...]
    """Those of earlier attempts, which go as a whole."""
    smaller: tuple[Picture, ...]
    """Those that lose their large size."""


def make_room(pictures: Iterable[Picture], wanted: int, but: Picture) -> Sacrifice:
    """The pictures of a job to part with so that ``wanted`` bytes are free for another one.

    Those of earlier attempts go first, then the large ones, the oldest first.
    """
    newest = {(but.task_id, but.frame, but.output): but.lease}
    in_order = sorted(pictures, key=lambda each: each.made)
    for each in in_order:
        place = (each.task_id, each.frame, each.output)
        newest[place] = max(each.lease, newest.get(place, 0))
    gone, smaller, stay = [], [], []
    for each in in_order:
        is_older = each.lease < newest[each.task_id, each.frame, each.output]
        if wanted > 0 and is_older and each.size:
            gone.append(each)
            wanted -= each.size
        else:
            stay.append(each)
    for each in stay:
        if wanted > 0 and each.large:
            smaller.append(each)
            wanted -= each.large
    return Sacrifice(tuple(gone), tuple(smaller))
