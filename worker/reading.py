"""Program that reads frames for `worker.showing`: ``python -m worker.reading``.

Each line of its input is a path, in hexadecimal digits. For each it writes a line with the size of
the frame, or why it can't be read, and then its pixels. It is a process of its own with limits,
since libraries crash and hang on broken frames, and one frame must not cost a video.
"""

import os
import sys
from pathlib import Path

import attrs
import msgspec
from PIL import Image

from flamenco.pictures.maker import begin_to_count, limit_memory
from flamenco.pictures.reading import read
from flamenco.pictures.refusing import NO_MEMORY, NoPicture

BOX = (8192, 4320)
"""Maximum width and height in pixels, of level 6.2 of H.264."""


@attrs.frozen(kw_only=True)
class Told:
    """The answer: the size of the pixels in RGB that follow, or why there are none."""

    width: int = 0
    height: int = 0
    reason: str = ""


def answer(path: Path) -> tuple[Told, bytes]:
    """Appearance of a frame."""
    try:
        image = read(path, BOX)
        image.thumbnail(BOX, Image.Resampling.LANCZOS)
        return Told(width=image.width, height=image.height), image.tobytes()
    except NoPicture as error:
        return Told(reason=str(error)), b""
    except MemoryError:
        return Told(reason=NO_MEMORY), b""


def main() -> None:
    """Answer until the input ends."""
    limit_memory()
    for line in sys.stdin.buffer:
        begin_to_count()
        told, pixels = answer(Path(os.fsdecode(bytes.fromhex(line.decode()))))
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.write(pixels)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
