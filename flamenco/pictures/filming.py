"""Program that makes a video of pictures: ``python -m flamenco.pictures.filming``.

It reads what is asked for from its input, and tells on its output how far it is. It decodes the
pictures itself, since FFmpeg would lose count at a broken one, and gives them to FFmpeg one after
the other, each on a ground of the same size. It has limits, and lets all others go first.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import msgspec
from PIL import Image, ImageDraw, ImageFont

from flamenco.pictures.ffmpeg import find_ffmpeg
from flamenco.pictures.kinds import KINDS
from flamenco.pictures.maker import give_way
from flamenco.pictures.reading import read
from flamenco.pictures.refusing import NoPicture

WIDEST, HIGHEST = KINDS["large"].box
UNKNOWN_SIZE = (480, 270)
"""Size of a video of which no frame is rendered."""
TOLD_EVERY = 20
"""Number of frames after which it is told how far it is."""
CODECS = {
    "mp4": "-c:v libx264 -preset veryfast -crf 23 -g 12 -movflags +faststart -f mp4",
    "webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 1 -crf 34 -b:v 0 -g 12 -f webm",
}
"""{format: options}; there is a key frame twice a second, for those who seek."""
COLOURS = (
    "-vf scale=out_color_matrix=bt709:out_range=tv,format=yuv420p -colorspace bt709 "
    "-color_primaries bt709 -color_trc bt709 -color_range tv"
)
GREY = (110, 110, 110)
SMALLER = 2.0
"""Times by which a picture is smaller than the video from which on it is enlarged: small ones stand
in for large ones that had to go, which are three times as large."""


@attrs.frozen(kw_only=True)
class Film:
    """A video that is asked for."""

    frames: tuple[tuple[int, str], ...]
    """Number of each frame, and path of its picture; empty if there is none."""
    sizes: tuple[tuple[int, int], ...]
    """Widths and heights of the pictures."""
    rate: str
    format: str
    output: str


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
    """Where a video lies while it is being made."""
    return Path(f"{film.output}~")


def images(film: Film, size: tuple[int, int]) -> Iterator[bytes]:
    """The frames, in the pixels that FFmpeg is given."""
    for number, path in film.frames:
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
    ground = Image.new("RGB", size)
    ground.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
    return ground


def _without(number: int, size: tuple[int, int]) -> Image.Image:
    """What stands for a frame without picture: its number."""
    ground = Image.new("RGB", size)
    width, height = size
    font = ImageFont.load_default(max(8, height // 5))
    ImageDraw.Draw(ground).text((width / 2, height / 2), str(number), GREY, font, anchor="mm")
    return ground


def make(film: Film) -> Iterator[Told]:
    """Make the video, and tell how far it is."""
    size = size_of(film)
    path = unfinished(film)
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}"]
    command = [find_ffmpeg(), "-hide_banner", "-loglevel", "error", "-y", *source]
    command += [
        "-r",
        film.rate,
        "-i",
        "-",
        *COLOURS.split(),
        *CODECS[film.format].split(),
        str(path),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as ffmpeg:
        assert ffmpeg.stdin is not None  # noqa: S101 - asked for above
        assert ffmpeg.stderr is not None  # noqa: S101
        try:
            for done, image in enumerate(images(film, size), 1):
                ffmpeg.stdin.write(image)
                if done % TOLD_EVERY == 0:
                    yield Told(done)
            ffmpeg.stdin.close()
        except BrokenPipeError:
            pass
        said = ffmpeg.stderr.read().decode(errors="replace").strip()
    if ffmpeg.returncode:
        yield Told(reason=f"FFmpeg can't make a video: {said or ffmpeg.returncode}")
        return
    path.replace(film.output)
    yield Told(len(film.frames))


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
