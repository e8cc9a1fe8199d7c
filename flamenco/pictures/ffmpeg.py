"""FFmpeg, and how it is told a rate."""

import shutil
from fractions import Fraction

import imageio_ffmpeg  # type: ignore[import-untyped]

CLOSE = 0.0006
"""Frames a second that a rate may be away from a known one: 23.976 is written for 24000/1001."""


def find_ffmpeg(exe: str = "ffmpeg") -> str:
    """FFmpeg on the PATH, else the one of this installation; may take a moment."""
    if exe not in ("ffmpeg", "ffmpeg.exe") or shutil.which(exe):
        return exe
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return exe


def rate(fps: float) -> str:
    """The rate as a fraction that is exact for 29.97 and its like: `30000/1001`."""
    whole = round(fps * 1.001)
    if abs(fps - whole / 1.001) < CLOSE and abs(fps - round(fps)) > CLOSE:
        return f"{whole}000/1001"
    fraction = Fraction(fps).limit_denominator(1001)
    return str(fraction if fraction else Fraction(fps).limit_denominator(10**6))
