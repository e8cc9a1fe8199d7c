"""Program that tells which pictures are whole: ``python -m worker.decoding``, paths on stdin.

NUL lies between them. For each it prints its number and `whole` or `broken` at once, so that the
answers up to one that it hangs on count. It is a process of its own, since libraries crash and hang
on broken pictures; and Blender says nothing of the pixels of multilayer OpenEXR.
"""

import os
import sys

import OpenImageIO as oiio  # noqa: N813 - its own documentation calls it so
from PIL import Image

from flamenco.pictures.blocks import blocks
from flamenco.pictures.reading import FORMATS


def decodes(path: str) -> bool:
    """True if all parts of a picture can be read. Raises what libraries do of a broken file."""
    picture = oiio.ImageInput.open(path)
    if picture is None:
        oiio.geterror()  # else it is printed
        return _loads(path)
    if picture.format_name() == "jpeg":  # it makes up what is missing
        return _loads(path)
    part = 0
    while picture.seek_subimage(part, 0):
        for _ in blocks(picture, 0, picture.spec().nchannels, oiio.UNKNOWN):
            pass
        part += 1
    picture.geterror()
    return part > 0


def _loads(path: str) -> bool:
    Image.MAX_IMAGE_PIXELS = None  # it is a rendered frame, of any size
    with Image.open(path, formats=FORMATS) as image:
        image.load()
    return True


def main(paths: list[str]) -> None:
    """Print for each, counted from 0, whether it decodes."""
    for number, path in enumerate(paths):
        try:
            is_whole = decodes(path)
        except Exception:  # noqa: BLE001 - what a broken file raises, libraries do not tell
            is_whole = False
        print(number, "whole" if is_whole else "broken", flush=True)


if __name__ == "__main__":
    main(os.fsdecode(sys.stdin.buffer.read()).split("\0"))
