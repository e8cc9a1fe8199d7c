"""Program that decodes frames for FFmpeg: ``python -m worker.showing``, paths on stdin.

NUL lies between them. To stdout goes a PPM for each, as its picture would show it: in 8 bits over
black, light as a screen shows it. All have the size of the first, as large as H.264 has it. What
can't be read, or has no path, is black; stderr says why in a line that begins with `LACKS`.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps

from flamenco.pictures.reading import read
from flamenco.pictures.refusing import NoPicture

LACKS = "flamenco-lacks: "
BOX = (8192, 4320)
"""Maximum width and height in pixels, of level 6.2 of H.264."""


def shown(paths: Sequence[str]) -> Iterator[Image.Image | None]:
    """The frames; None for those that are black."""
    for path in paths:
        try:
            image = read(Path(path), BOX) if path else None
        except NoPicture as error:
            print(f"{LACKS}{Path(path).name}: {error}", file=sys.stderr, flush=True)
            image = None
        if image:
            image.thumbnail(BOX, Image.Resampling.LANCZOS)
        yield image


def show(paths: Sequence[str], output: IO[bytes]) -> None:
    """Write the frames; nothing at all if none can be read."""
    black, size, waiting = None, (0, 0), 0
    for image in shown(paths):
        if black is None:
            if image is None:
                waiting += 1
                continue
            size = image.size
            black = Image.new("RGB", size)
            for _ in range(waiting):
                black.save(output, "PPM")
        fitted = image if image is None or image.size == size else ImageOps.pad(image, size)
        (fitted or black).save(output, "PPM")
    output.flush()


if __name__ == "__main__":
    show(os.fsdecode(sys.stdin.buffer.read()).split("\0"), sys.stdout.buffer)
