"""Parts of a video. They are kept: only those are encoded anew in which a frame has changed.

Each begins with a key frame. FFmpeg joins them as they are.
"""

import subprocess
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

import attrs

from flamenco.pictures.ffmpeg import find_ffmpeg
from flamenco.pictures.files import name_of

LENGTH = 120
"""Number of frames of a part."""
EVERY = 12
"""Number of frames from one key frame to the next, for those who seek; parts have a multiple."""
CODECS = {
    "mp4": f"-c:v libx264 -preset ultrafast -crf 25 -bf 0 -g {EVERY}",
    "webm": f"-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 1 -crf 34 -b:v 0 -g {EVERY}",
}
"""{format: options}. Without B-frames, no part begins before its first frame. `ultrafast` takes two
thirds of the time of `superfast`, and a fifth more bytes."""
JOINED = {"mp4": "-movflags +faststart -f mp4", "webm": "-f webm"}
COLOURS = (
    "-vf scale=out_color_matrix=bt709:out_range=tv,format=yuv420p -colorspace bt709 "
    "-color_primaries bt709 -color_trc bt709 -color_range tv"
)
QUIETLY = ("-hide_banner", "-loglevel", "error", "-y")


@attrs.frozen
class Style:
    """Properties that the parts of a video have in common."""

    size: tuple[int, int]
    rate: str
    format: str

    def name(self, frames: object) -> str:
        """Name of the part that has these frames."""
        look = (self.size, self.rate, CODECS[self.format], COLOURS)
        return f"{name_of(look, frames, content=b'')}.{self.format}-part"


def encode(
    style: Style, images: Iterable[bytes], lengths: Iterable[int], folder: Path
) -> Iterator[int]:
    """Make parts of these lengths in a folder, called by their numbers from 0.

    Tells how many images are handed over. Raises OSError.
    """
    (width, height), cuts = style.size, accumulate(lengths)
    command = [find_ffmpeg(), *QUIETLY, "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", style.rate, "-i", "-", *COLOURS.split()]
    command += [*CODECS[style.format].split(), "-force_key_frames", f"expr:not(mod(n,{EVERY}))"]
    command += [
        "-map",
        "0",
        "-f",
        "segment",
        "-segment_format",
        style.format,
        "-reset_timestamps",
        "1",
    ]
    command += ["-segment_frames", ",".join(map(str, cuts)), "%d"]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as ffmpeg:
        assert ffmpeg.stdin is not None  # noqa: S101 - asked for above
        assert ffmpeg.stderr is not None  # noqa: S101
        try:
            for done, image in enumerate(images, 1):
                ffmpeg.stdin.write(image)
                yield done
            ffmpeg.stdin.close()
        except BrokenPipeError:
            pass
        said = ffmpeg.stderr.read()
    _check(ffmpeg.returncode, said)


def join(style: Style, parts: Iterable[Path], folder: Path) -> Path:
    """The video of these parts, which are in the folder above the one it is made in.

    Raises OSError.
    """
    listed, video = folder / "parts.txt", folder / "video"
    listed.write_text("".join(f"file '../{part.name}'\n" for part in parts), encoding="utf-8")
    command = [find_ffmpeg(), *QUIETLY, "-f", "concat", "-safe", "0", "-i", listed.name]
    command += ["-map", "0", "-c", "copy", *JOINED[style.format].split(), video.name]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    _check(done.returncode or bool(done.stderr), done.stderr)  # it goes on after a damaged part
    return video


def _check(status: int, said: bytes) -> None:
    if status:
        raise OSError(f"FFmpeg ended with {said.decode(errors='replace').strip() or status}")
