"""Kinds of pictures that are made of a rendered image: all JPEG, which everything reads fast."""

import io
from collections.abc import Collection, Mapping

import attrs
from PIL import Image

from flamenco.model.bounds import LARGE_BYTES, NEWEST_BYTES, SMALL_BYTES

QUALITIES = (85, 75, 62, 50, 38, 25, 12)
"""Qualities of JPEG, tried until a picture is small enough; then it is made narrower."""


@attrs.frozen
class Kind:
    """A size of pictures."""

    box: tuple[int, int]
    """Width and height in pixels that a picture is fitted into, never enlarged."""
    most: int
    """Maximum number of bytes."""


KINDS: Mapping[str, Kind] = {
    "newest": Kind((1920, 1080), NEWEST_BYTES),
    "large": Kind((600, 338), LARGE_BYTES),
    "small": Kind((200, 112), SMALL_BYTES),
}
"""{name: kind}, from the largest to the smallest. The boxes are those of Flamenco 3."""

THUMBNAILS = ("large", "small")
"""Kinds that are kept of every frame."""


@attrs.frozen
class Made:
    """A picture that was made."""

    width: int
    height: int
    content: bytes
    """JPEG."""


Pictures = Mapping[str, Made]
"""{kind: picture}."""


@attrs.frozen
class Asked:
    """A question to the program that makes pictures (`flamenco.pictures.maker`)."""

    path: str
    kinds: tuple[str, ...]
    """Names of `KINDS`."""


@attrs.frozen(kw_only=True)
class Told:
    """The program's answer: the sizes of the pictures that follow, or why there is none."""

    pictures: dict[str, tuple[int, int, int]] = attrs.field(factory=dict)
    """{kind: width, height and bytes}, in the order in which they follow."""
    reason: str = ""
    passing: bool = False


def encode_all(picture: Image.Image, kinds: Collection[str]) -> Pictures:
    """A picture in several kinds; it is itself made smaller for that."""
    return {name: _encode(picture, kind) for name, kind in KINDS.items() if name in kinds}


def _encode(picture: Image.Image, kind: Kind) -> Made:
    picture.thumbnail(kind.box, Image.Resampling.LANCZOS, reducing_gap=1.0)
    fitted = picture
    while True:
        for quality in QUALITIES:
            content = io.BytesIO()
            fitted.save(content, "JPEG", quality=quality)
            if content.tell() <= kind.most:
                return Made(*fitted.size, content.getvalue())
        fitted = fitted.reduce(2)
