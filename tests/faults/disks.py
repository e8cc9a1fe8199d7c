"""Small disks for a Manager and its Workers, which outlive them, and can be filled up.

They are mounted in a namespace that a process of its own holds; programs are run within it.
"""

import os
import shlex
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs
import trio

from tests.programs import need

FILLING = "filling"


@attrs.frozen
class Disks:
    """The disks, each at its folder, for programs that run ``under`` this command."""

    pid: int
    under: tuple[str, ...]

    def seen(self, folder: Path) -> Path:
        """The path by which this process sees what lies on a disk."""
        return Path(f"/proc/{self.pid}/root{folder}")

    def fill(self, folder: Path) -> None:
        """Leave no space on the disk at this folder."""
        with (self.seen(folder) / FILLING).open("wb", buffering=0) as file, suppress(OSError):
            while True:  # others write meanwhile, so its free space is not known before
                file.write(bytes(2**20))

    def free(self, folder: Path) -> None:
        """Give its space back."""
        (self.seen(folder) / FILLING).unlink(missing_ok=True)


@asynccontextmanager
async def open_disks(sizes: dict[Path, int]) -> AsyncIterator[Disks]:
    """A disk of so many MiB at each of these folders, which exist and are empty."""
    is_root = os.geteuid() == 0
    mounts = [
        f"mount -t tmpfs -o size={size}m tmpfs {shlex.quote(str(folder))}"
        for folder, size in sizes.items()
    ]
    script = " && ".join([*mounts, "echo mounted", "exec sleep infinity"])
    rights = ["-m"] if is_root else ["-rm"]
    holder = await trio.lowlevel.open_process(
        [need("unshare"), *rights, "sh", "-c", script], stdout=subprocess.PIPE
    )
    try:
        assert await holder.stdout.receive_some() == b"mounted\n"
        enter = ("-m",) if is_root else ("-U", "-m", "--preserve-credentials")
        here = f"--wd={Path.cwd()}"
        yield Disks(holder.pid, (need("nsenter"), "-t", str(holder.pid), *enter, here))
    finally:
        holder.kill()
        await holder.stdout.aclose()
        with trio.CancelScope(shield=True):
            await holder.wait()
