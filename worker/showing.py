"""Program that decodes frames for FFmpeg: ``python -m worker.showing``, paths on stdin.

NUL lies between them. To stdout goes a PPM for each, as its picture would show it: in 8 bits over
black, light as a screen shows it. All have the size of the first, as large as H.264 has it. What
can't be read, or has no path, is black; stderr says why in a line that begins with `LACKS`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import attrs
import msgspec
from PIL import Image, ImageOps

from flamenco.pictures.refusing import NoPicture
from worker.reading import Told

LACKS = "flamenco-lacks: "
PROGRAM = (sys.executable, "-P", "-m", "worker.reading")


@attrs.define(eq=False)
class Reader:
    """The program that reads frames; where one ends it, a new one reads the next."""

    _program: subprocess.Popen[bytes] | None = None

    def read(self, path: str) -> Image.Image:
        """A frame. Raises `NoPicture`."""
        program = self._program = self._program or subprocess.Popen(
            PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert program.stdin is not None  # noqa: S101 - asked for above
        assert program.stdout is not None  # noqa: S101
        with suppress(BrokenPipeError):
            program.stdin.write(os.fsencode(path).hex().encode() + b"\n")
            program.stdin.flush()
        if not (line := program.stdout.readline()):
            raise NoPicture(self._ending(program))
        told = msgspec.json.decode(line, type=Told)
        if told.reason:
            raise NoPicture(told.reason)
        size = told.width * told.height * 3
        if len(pixels := program.stdout.read(size)) < size:
            raise NoPicture(self._ending(program))
        return Image.frombytes("RGB", (told.width, told.height), pixels)

    def close(self) -> None:
        """End the program."""
        if self._program:
            self._ending(self._program)

    def _ending(self, program: subprocess.Popen[bytes]) -> str:
        self._program = None
        program.communicate()
        if program.returncode == -getattr(signal, "SIGXCPU", 0):
            return "it takes too long to read"
        return f"the program that reads it gave up with status {program.returncode}"


def shown(paths: Sequence[str]) -> Iterator[Image.Image | None]:
    """The frames; None for those that are black."""
    with closing(Reader()) as reader:
        for path in paths:
            try:
                yield reader.read(path) if path else None
            except NoPicture as error:
                print(f"{LACKS}{Path(path).name}: {error}", file=sys.stderr, flush=True)
                yield None


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


def main() -> None:
    """Show frames until FFmpeg has enough, which is no fault of theirs."""
    try:
        show(os.fsdecode(sys.stdin.buffer.read()).split("\0"), sys.stdout.buffer)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what is left of a frame goes there at the end


if __name__ == "__main__":
    main()
