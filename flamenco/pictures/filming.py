"""Program that makes a video of pictures: ``python -m flamenco.pictures.filming``.

It reads what is asked for from its input, and tells on its output how far it is. It decodes the
pictures itself, since FFmpeg would lose count at a broken one, and gives them to FFmpeg one after
the other, each on a ground of the same size. Only the parts are made that are not there yet
(`flamenco.pictures.parts`). It has limits, and lets all others go first.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs
import msgspec
from PIL import Image, ImageDraw, ImageFont

from flamenco.pictures.kinds import KINDS
from flamenco.pictures.maker import give_way
from flamenco.pictures.parts import LENGTH, Style, encode, join
from flamenco.pictures.reading import read
from flamenco.pictures.refusing import NoPicture

WIDEST, HIGHEST = KINDS["large"].box
UNKNOWN_SIZE = (480, 270)
"""Size of a video of which no frame is rendered."""
TOLD_EVERY = 20
"""Number of frames after which it is told how far it is."""
GREY = (110, 110, 110)
SMALLER = 2.0
"""Times by which a picture is smaller than the video from which on it is enlarged: small ones stand
in for large ones that had to go, which are three times as large."""


Frame = tuple[int, str]
"""Number of a frame, and path of its picture; empty if there is none."""


@attrs.frozen(kw_only=True)
class Film:
    """A video that is asked for."""

    frames: tuple[Frame, ...]
    sizes: tuple[tuple[int, int], ...]
    """Widths and heights of the pictures."""
    rate: str
    format: str
    output: str = ""
    """Path of the video."""
    parts: str = ""
    """Beginning of the paths of its parts."""


@attrs.frozen
class Told:
    """How far it is, or why it came to nothing."""

    done: int = 0
    reason: str = ""


def size_of(film: Film) -> tuple[int, int]:
    """Width and height of the video: even, and large enough for every picture."""
    width = max((width for width, _ in film.sizes), default=UNKNOWN_SIZE[0])
    height = max((height for _, height in film.sizes), default=UNKNOWN_SIZE[1])
    return _even(min(width, WIDEST)), _even(min(height, HIGHEST))


def _even(length: int) -> int:
    return max(2, (length + 1) // 2 * 2)


def unfinished(film: Film) -> Path:
    """Folder in which a video lies while it is being made."""
    return Path(f"{film.output}~")


def images(frames: Iterable[Frame], size: tuple[int, int]) -> Iterator[bytes]:
    """Frames in the pixels that FFmpeg is given."""
    for number, path in frames:
        picture = _picture(path, size) if path else None
        yield (picture or _without(number, size)).tobytes()


def _picture(path: str, size: tuple[int, int]) -> Image.Image | None:
    """A picture in the middle of a black ground; None if it can't be read."""
    try:
        picture = read(Path(path), KINDS["large"].box)
    except NoPicture:
        return None
    width, height = size
    share = min(width / picture.width, height / picture.height)
    if share < 1 or share >= SMALLER:
        picture = picture.resize(
            (max(1, int(picture.width * share)), max(1, int(picture.height * share)))
        )
    if picture.size == size:
        return picture
    ground = Image.new("RGB", size)
    ground.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
    return ground


def _without(number: int, size: tuple[int, int]) -> Image.Image:
    """Picture that stands for a frame without one: its number."""
    ground = Image.new("RGB", size)
    width, height = size
    font = ImageFont.load_default(max(8, height // 5))
    ImageDraw.Draw(ground).text((width / 2, height / 2), str(number), GREY, font, anchor="mm")
    return ground


def make(film: Film) -> Iterator[Told]:
    """Make the video, and tell how far it is. Raises OSError."""
    style, folder = Style(size_of(film), film.rate, film.format), unfinished(film)
    parts = {Path(film.parts + style.name(some)): some for some in _in_parts(film.frames)}
    missing = {path: some for path, some in parts.items() if not path.exists()}
    for path in parts.keys() - missing.keys():
        os.utime(path)  # files that nobody has needed for long go first
    before = len(film.frames) - sum(map(len, missing.values()))
    folder.mkdir(exist_ok=True)
    if missing:
        frames = (frame for some in missing.values() for frame in some)
        for done in encode(style, images(frames, style.size), map(len, missing.values()), folder):
            if done % TOLD_EVERY == 0:
                yield Told(before + done)
        for number, path in enumerate(missing):
            (folder / str(number)).replace(path)
    try:
        join(style, parts, folder).replace(film.output)
    except OSError:
        _remove(parts)
        raise
    _remove({*_kept_parts(film)} - {*parts})
    yield Told(len(film.frames))


def _in_parts(frames: Sequence[Frame]) -> Iterator[Sequence[Frame]]:
    for begin in range(0, len(frames), LENGTH):
        yield frames[begin : begin + LENGTH]


def _kept_parts(film: Film) -> Iterable[Path]:
    beginning = Path(film.parts)
    return beginning.parent.glob(f"{beginning.name}*.{film.format}-part")


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def main() -> None:
    """Make one video."""
    give_way()
    try:
        film = msgspec.json.decode(sys.stdin.buffer.readline(), type=Film)
        for told in make(film):
            sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
            sys.stdout.buffer.flush()
    except OSError as error:
        print(msgspec.json.encode(Told(reason=f"no video can be made: {error}")).decode())


if __name__ == "__main__":
    main()
