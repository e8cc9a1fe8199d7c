"""Wire classes of the pictures of frames, none of them in Flamenco 3."""

from enum import StrEnum

import attrs
from msgspec import UNSET, UnsetType

from flamenco.model.bounds import Count, LargeJpeg, NewestJpeg, Number, Prose, SmallJpeg, Time, Word


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


@attrs.frozen(kw_only=True)
class JobPictures:
    pictures: tuple[KeptPicture, ...]


@attrs.frozen(kw_only=True)
class PicturesWanted:
    """Filter of the pictures of a job."""

    frame: Number | UnsetType = UNSET
