"""The parent's side of the program that makes pictures (`flamenco.pictures.maker`)."""

import subprocess
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import msgspec
import trio

from flamenco.launcher import Child, open_child
from flamenco.pictures.kinds import Asked, Made, Pictures, Told
from flamenco.pictures.refusing import NoPicture

PROGRAM = (sys.executable, "-P", "-m", "flamenco.pictures.maker")
SECONDS = 600.0
"""Maximum seconds for one file, which may lie on a share that does not answer. The program itself
counts only what it works."""
MOST_BYTES = 2**22
"""Maximum size of an answer."""


@attrs.define(eq=False)
class Maker:
    """The running program, which makes one picture after the other."""

    _child: Child
    is_broken: bool = False
    """True if it has ended, or hangs; another one has to go on."""
    _read: bytearray = attrs.field(factory=bytearray)

    async def make(self, path: Path, kinds: Collection[str]) -> Pictures:
        """The pictures of a file. Raises `NoPicture`; the next file may need a new program."""
        with trio.move_on_after(SECONDS) as limit:
            try:
                return await self._make(Asked(str(path), tuple(kinds)))
            except (trio.BrokenResourceError, trio.ClosedResourceError, msgspec.DecodeError):
                self.is_broken = True
            status = await self._child.wait()
        self.is_broken = True
        if limit.cancelled_caught:
            raise NoPicture(f"no answer for {SECONDS:.0f} s; does the share answer?")
        raise NoPicture(f"the program that reads it gave up with status {status}")

    async def _make(self, asked: Asked) -> Pictures:
        assert self._child.stdin is not None  # noqa: S101 - it was asked for
        await self._child.stdin.send_all(msgspec.json.encode(asked) + b"\n")
        while b"\n" not in self._read:
            await self._more()
        line, _, rest = self._read.partition(b"\n")
        self._read = rest
        told = msgspec.json.decode(line, type=Told)
        if told.reason:
            raise NoPicture(told.reason, passing=told.passing)
        pictures = {}
        for name, (width, height, size) in told.pictures.items():
            while len(self._read) < size:
                await self._more()
            pictures[name] = Made(width, height, bytes(self._read[:size]))
            del self._read[:size]
        return pictures

    async def _more(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        data = await self._child.stdout.receive_some()
        if not data or len(self._read) > MOST_BYTES:
            raise trio.BrokenResourceError("it has ended")
        self._read += data


@asynccontextmanager
async def open_maker() -> AsyncIterator[Maker]:
    """The program, for as long as the block runs. Raises OSError if it can't be started."""
    async with open_child(
        PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        yield Maker(child)
