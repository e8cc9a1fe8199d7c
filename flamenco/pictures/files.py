"""Files of the pictures of a job: those of its frames, and its newest frame in three sizes."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import attrs
import trio
from PIL import Image

from flamenco.disks import make_below
from flamenco.pictures.kinds import KINDS, THUMBNAILS, Pictures, encode_all

SIZES: Mapping[str, str] = {
    "last-rendered.jpg": "newest",
    "last-rendered-small.jpg": "large",
    "last-rendered-tiny.jpg": "small",
}
"""{file name: kind of picture}, as Flamenco 3 calls a job's newest frame."""

MAX_BYTES = 25 * 2**20
"""Size of the largest image that is accepted."""

FORMATS = ("JPEG", "PNG")
"""Accepted formats. Pillow knows dozens more, and leaves some of them to other programs."""

MAX_PIXELS = 2**26
"""Maximum number of pixels to decode, which takes half a GiB for a moment."""

BEGINNING = b"\xff\xd8\xff"
"""First bytes of every JPEG."""
FRAMES = "pictures"
"""Folder of the pictures of frames, in that of the job."""
_COMPLETE = "last-rendered-tiny.jpg"  # written last


class NotAnImage(ValueError):
    """The bytes are not a picture that can be read."""


def name_of(*key: object, content: bytes) -> str:
    """The name of a picture's files, which is another one if anything of it is."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=12)
    digest.update(content)
    return digest.hexdigest()


@attrs.frozen
class PictureFiles:
    """The pictures below the Manager's local storage ``root``."""

    root: Path
    _decoding: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))
    _writing: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def decode(self, content: bytes) -> Pictures:
        """All pictures of an image, which anybody may have sent. Raises `NotAnImage`."""
        return await trio.to_thread.run_sync(_decode, content, limiter=self._decoding)

    async def show(self, folder: PurePosixPath, pictures: Mapping[str, bytes]) -> None:
        """Write pictures as a job's newest frame. Raises OSError."""
        files = {name: pictures[kind] for name, kind in SIZES.items()}
        await self._write(self.root / folder, files)

    async def exist(self, folder: PurePosixPath) -> bool:
        """True if a folder has the newest frame in all sizes."""
        return await trio.Path(self.root / folder / _COMPLETE).exists()

    async def keep(self, folder: PurePosixPath, name: str, pictures: Mapping[str, bytes]) -> None:
        """Write the pictures of a frame. Raises OSError."""
        files = {f"{name}-{kind}.jpg": pictures[kind] for kind in THUMBNAILS}
        await self._write(self.root / folder / FRAMES, files)

    async def part_with(self, folder: PurePosixPath, names: Iterable[tuple[str, str]]) -> None:
        """Remove pictures of frames, by name and kind, those that are there. Raises OSError."""
        paths = [self.path(folder, *each) for each in names]
        await trio.to_thread.run_sync(_remove, paths, limiter=self._writing)

    def path(self, folder: PurePosixPath, name: str, kind: str) -> Path:
        """The file of a frame's picture."""
        return self.root / folder / FRAMES / f"{name}-{kind}.jpg"

    async def _write(self, folder: Path, files: Mapping[str, bytes]) -> None:
        await trio.to_thread.run_sync(_write, self.root, folder, files, limiter=self._writing)


def _decode(content: bytes) -> Pictures:
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        picture.draft("RGB", KINDS["newest"].box)  # a JPEG is decoded no larger than it is needed
        if picture.width * picture.height <= MAX_PIXELS:
            return encode_all(picture.convert("RGB"), KINDS)
    except Exception as error:  # what a broken picture raises, Pillow does not tell
        raise NotAnImage(f"not a picture: {error}") from error
    raise NotAnImage(f"a picture of {picture.width} x {picture.height} pixels is too large")


def _write(root: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    make_below(root, folder)
    for name, content in files.items():
        unfinished = folder / f"{name}~"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
