"""Reading of the first frame of a movie, with FFmpeg."""

import io
import subprocess
from pathlib import Path

from PIL import Image

from flamenco.pictures.ffmpeg import find_ffmpeg

CONTAINERS = ((4, b"ftyp"), (0, b"\x1aE\xdf\xa3"), (8, b"AVI "), (0, b"OggS"))
"""Places and signatures of QuickTime and MPEG-4, Matroska and WebM, AVI, and Ogg."""
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,ogg"
"""FFmpeg's names of these. Others, such as playlists, would read more files than this one."""
SECONDS = 60.0
"""Maximum seconds for a movie."""


def is_movie(path: Path) -> bool:
    """True if a file begins as a movie does. Raises OSError."""
    with path.open("rb") as file:
        beginning = file.read(16)
    return any(beginning.startswith(each, place) for place, each in CONTAINERS)


def first_frame(path: Path) -> Image.Image:
    """The first frame of a movie, in RGB. Raises OSError for one that can't be decoded."""
    done = subprocess.run(
        [
            *(find_ffmpeg(), "-v", "error", "-nostdin", "-threads", "1"),
            *("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS),
            *("-i", f"file:{path}", "-map", "0:v:0", "-frames:v", "1"),
            *("-f", "image2pipe", "-c:v", "ppm", "-"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise OSError(said[-1] if said else f"FFmpeg ended with {done.returncode}")
    return Image.open(io.BytesIO(done.stdout), formats=["PPM"])
