"""Feeds the program that makes pictures with files that nobody can have meant.

By hand, `python -m tests.pictures.fuzz [--examples N] [--seed N]` goes on for as long as you like.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import trio
from PIL import Image

from flamenco.pictures.kinds import KINDS, THUMBNAILS, Pictures
from flamenco.pictures.making import Maker, open_maker
from flamenco.pictures.refusing import NoPicture
from tests.pictures.files import film, write, write_deep

BY_PILLOW = ("png", "jpg", "tif", "webp", "avif", "jp2", "tga", "bmp", "sgi")
BY_LIGHT = {"exr": "half", "hdr": "float", "dpx": "uint16", "png": "uint16", "tif": "float"}
SIZES = (0, 1, 2**16, 2**31 - 1, 2**32 - 1)
"""Numbers that are put where a header has others."""


def originals(folder: Path) -> list[Path]:
    """Files of every format that is read."""
    noise = np.random.default_rng(1).random((40, 60, 3), dtype=np.float32)
    files = [write_deep(folder / "deep.exr")]
    movies = [film(folder / f"film.{suffix}") for suffix in ("mp4", "mkv", "avi")]
    for suffix in BY_PILLOW:
        files.append(folder / f"plain.{suffix}")
        Image.fromarray((noise * 255).astype(np.uint8)).save(files[-1])
    for suffix, kind in BY_LIGHT.items():
        files.append(write(folder / f"light.{suffix}", noise, kind=kind, size=(60, 40)))
    tiles = {"tile_width": 16, "tile_height": 16}
    files.append(write(folder / "tiles.exr", noise, size=(60, 40), **tiles))
    return files + movies


def damaged(content: bytes, random: Random) -> bytes:
    """A file with some of the ways in which files are damaged."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(changed) or 1)
        match random.randrange(6):
            case 0:
                del changed[at:]
            case 1:
                changed[at : at + 4] = random.choice(SIZES).to_bytes(
                    4, random.choice(["big", "little"])
                )
            case 2:  # where the sizes are
                at = random.randrange(min(len(changed), 200) or 1)
                changed[at : at + 4] = random.choice(SIZES).to_bytes(
                    4, random.choice(["big", "little"])
                )
            case 3:
                changed[at : at + 1] = random.randbytes(1)
            case 4:
                changed[at:at] = random.randbytes(random.randint(1, 300))
            case 5:
                del changed[at : at + random.randint(1, 300)]
    return bytes(changed)


async def feed(maker: Maker, path: Path) -> str:
    """What came of a file: a picture, a sentence, or a program that broke with a sentence."""
    try:
        check(await maker.make(path, THUMBNAILS))
    except NoPicture as error:
        if not str(error).strip():
            raise AssertionError(f"no word of {path}") from None
        return "broken" if maker.is_broken else "sentence"
    return "picture"


def check(pictures: Pictures) -> None:
    """Pictures are whole, and as small as they have to be."""
    assert set(pictures) == set(THUMBNAILS)
    for name, made in pictures.items():
        assert made.content.startswith(b"\xff\xd8\xff")
        assert 0 < len(made.content) <= KINDS[name].most
        width, height = KINDS[name].box
        assert 0 < made.width <= width
        assert 0 < made.height <= height


async def fuzz(examples: int, seed: int) -> Counter[str]:
    """Number of files with each outcome. Raises AssertionError."""
    random, found = Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = originals(folder)
        while found.total() < examples:
            async with open_maker() as maker:
                while found.total() < examples and not maker.is_broken:
                    original = random.choice(files)
                    path = folder / f"damaged{random.choice(files).suffix}"
                    path.write_bytes(damaged(original.read_bytes(), random))
                    found[await feed(maker, path)] += 1
        async with open_maker() as maker:
            check(await maker.make(files[1], THUMBNAILS))
    return found


def main() -> None:
    """Feed files until there were enough."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures.fuzz")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for outcome, count in trio.run(fuzz, arguments.examples, arguments.seed).most_common():
        print(f"{count:8} {outcome}")


if __name__ == "__main__":
    main()
