"""Wire classes of the pictures of frames, none of them in Flamenco 3."""

from enum import StrEnum
from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api.lists import Limit
from flamenco.model.bounds import (
    Count,
    LargeJpeg,
    Line,
    NewestJpeg,
    Number,
    Prose,
    Seconds,
    SmallJpeg,
    Time,
    Word,
)
from flamenco.model.pictures import Picture

MOST_NEWEST = 500

FOLDER = "/api/v3/jobs/{}/pictures"
"""Address of a job's pictures."""


class PictureSize(StrEnum):
    """Sizes in which pictures of frames are kept."""

    SMALL = "small"
    """Within 200 x 112 pixels, at most 8 KiB."""
    LARGE = "large"
    """Within 600 x 338 pixels, at most 30 KiB."""


@attrs.frozen(kw_only=True)
class FramePicture:
    """A picture of a frame in both sizes, as Base64 of JPEG, or why there is none."""

    lease: Count
    frame: Number
    output: Word = ""
    """View or layer that the file shows; empty if there is one only."""
    width: Count = 0
    """Width in pixels of the large one."""
    height: Count = 0
    small: SmallJpeg = b""
    large: LargeJpeg = b""
    newest: NewestJpeg = b""
    """The same in full size, to be shown as the job's newest."""
    reason: Prose = ""
    file: Line = ""
    """Path of the image, as the Worker sees it."""
    seconds: Seconds | UnsetType = UNSET
    """Time since the frame before it, or since the task began."""


@attrs.frozen(kw_only=True)
class ShownPicture:
    """A picture of a listed frame, or the reason why there is none."""

    output: str
    lease: int
    """Number of the attempt."""
    task: str | UnsetType = UNSET
    """Id of the task that made it, where it can be another one than that of the frame."""
    width: int | UnsetType = UNSET
    """Width in pixels of the large one."""
    height: int | UnsetType = UNSET
    small: str | UnsetType = UNSET
    """Address of the picture, as long as it is kept."""
    large: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


def shown(picture: Picture, folder: str) -> ShownPicture:
    """A picture as it is shown; ``folder`` is the address of those of its job."""
    return ShownPicture(
        output=picture.output,
        lease=picture.lease,
        task=picture.task_id,
        width=picture.width or UNSET,
        height=picture.height or UNSET,
        small=f"{folder}/{picture.name}/small" if picture.small else UNSET,
        large=f"{folder}/{picture.name}/large" if picture.large else UNSET,
        reason=picture.reason or UNSET,
    )


@attrs.frozen(kw_only=True)
class KeptPicture:
    """A picture of a frame, or the reason why there is none."""

    frame: int
    output: str
    task: str
    lease: int
    """Number of the attempt."""
    made: Time
    width: int | UnsetType = UNSET
    """Width in pixels of the large one."""
    height: int | UnsetType = UNSET
    small: str | UnsetType = UNSET
    """Address of the picture, as long as it is kept."""
    large: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    file: str | UnsetType = UNSET
    """Path of the image that it shows; two-way variables stand in for folders."""
    seconds: float | UnsetType = UNSET
    """Time that the frame took."""


@attrs.frozen(kw_only=True)
class NewestPicture(KeptPicture):
    """A picture of the whole farm's newest."""

    job_id: str
    job_name: str


@attrs.frozen(kw_only=True)
class NewestPictures:
    pictures: tuple[NewestPicture, ...]
    """The newest first."""


@attrs.frozen(kw_only=True)
class NewestWanted:
    """Query string: how many of the newest pictures."""

    limit: Annotated[int, Meta(ge=1, le=MOST_NEWEST)] = 60


@attrs.frozen(kw_only=True)
class JobPictures:
    pictures: tuple[KeptPicture, ...]
    next: str | UnsetType = UNSET
    """Beginning of the next page, if there is one."""


@attrs.frozen(kw_only=True)
class PicturesWanted:
    """One page of the pictures of a job, or of one of its frames."""

    frame: Number | None = None
    limit: Limit | None = None
    """Maximum number of pictures; without it, all, up to 100,000."""
    after: Line = ""
    """The `next` of the previous page."""
