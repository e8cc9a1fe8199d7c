"""Previews of a job's newest frame: writing and finding them."""

import io
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import attrs
import trio
from PIL import Image

from flamenco.disks import make_below

SIZES: Mapping[str, tuple[int, int]] = {
    "last-rendered.jpg": (1920, 1080),
    "last-rendered-small.jpg": (600, 338),
    "last-rendered-tiny.jpg": (200, 112),
}
"""{file name: box in pixels that the picture is fitted into, never enlarged}."""

MAX_BYTES = 25 * 2**20
"""Size of the largest picture that is accepted."""

FORMATS = ("JPEG", "PNG")
"""Accepted formats. Pillow knows dozens more, and leaves some of them to other programs."""

MAX_PIXELS = 2**26
"""Maximum number of pixels to decode, which takes half a GiB for a moment."""

QUALITY = 85
_COMPLETE = "last-rendered-tiny.jpg"  # written last


class NotAnImage(ValueError):
    """The bytes are not a picture that can be read."""


@attrs.frozen
class Previews:
    """The previews below the Manager's local storage ``root``."""

    root: Path
    _threads: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def make(self, folder: PurePosixPath, content: bytes) -> None:
        """Write all sizes of a picture. Raises `NotAnImage`, or OSError if the disk refuses."""
        await trio.to_thread.run_sync(
            self._make, self.root / folder, content, limiter=self._threads
        )

    def _make(self, folder: Path, content: bytes) -> None:
        picture = _decoded(content)
        make_below(self.root, folder)
        for name, box in SIZES.items():
            picture.thumbnail(box, Image.Resampling.LANCZOS)
            unfinished = folder / f"{name}~"
            picture.save(unfinished, "JPEG", quality=QUALITY)
            unfinished.replace(folder / name)

    async def exist(self, folder: PurePosixPath) -> bool:
        """True if a folder has previews of all sizes."""
        return await trio.Path(self.root / folder / _COMPLETE).exists()


def _decoded(content: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        picture.draft("RGB", max(SIZES.values()))  # a JPEG is decoded no larger than it is needed
        if picture.width * picture.height <= MAX_PIXELS:
            return picture.convert("RGB")
    except Exception as error:  # what a broken picture raises, Pillow does not tell
        raise NotAnImage(f"not a picture: {error}") from error
    raise NotAnImage(f"a picture of {picture.width} x {picture.height} pixels is too large")
