"""Checks that this machine can do the work of its task types.

Each check returns its findings, or raises `CheckFailed` with a sentence on what is missing. A task
type without a check is assumed to work.
"""

import os
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import attrs
import httpx
import msgspec
import trio

from flamenco.api.meta import ManagerVariable, SharedStorageLocation
from flamenco.pictures.ffmpeg import find_ffmpeg
from flamenco.platforms import PLATFORM
from worker.asking import output_of
from worker.commands.blender_render import find_blender
from worker.probes import MIB

PROBE_BYTES = 64 * 1024
STORAGE_SECONDS = 60.0
"""Seconds to wait for the shared storage, since a lost network share may never answer."""


class CheckFailed(Exception):
    """Something is missing or does not work; the text says what, in a sentence."""


@attrs.frozen(kw_only=True)
class Farm:
    """The Manager's variables and storage for workers of this platform."""

    blender: str = "blender"
    ffmpeg: str = "ffmpeg"
    storage: str = ""
    """Folder of the job files; empty if there is none yet."""


T = TypeVar("T")
Check = Callable[[Farm], Awaitable[str]]


async def ask_farm(http: httpx.AsyncClient) -> Farm:
    """Ask the Manager. Raises httpx.HTTPError if it doesn't answer; an odd answer is ignored."""
    variables = await _ask(http, "variables", dict[str, ManagerVariable])
    storage = await _ask(http, "shared-storage", SharedStorageLocation)
    known = {name: each.value for name, each in (variables or {}).items() if each.value}
    return Farm(
        blender=known.get("blender", "blender"),
        ffmpeg=known.get("ffmpeg", "ffmpeg"),
        storage=storage.location if storage else "",
    )


async def _ask(http: httpx.AsyncClient, what: str, kind: type[T]) -> T | None:
    answer = await http.get(f"api/v3/configuration/{what}/workers/{PLATFORM}")
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(answer.content, type=kind) if answer.is_success else None
    return None


async def check_blender(farm: Farm) -> str:
    """A check that Blender starts and prints its version."""
    exe = await trio.to_thread.run_sync(find_blender, farm.blender)
    output = await _answer([exe, "--version"], "Blender")
    return f"{output.partition(chr(10))[0].strip()} ({shutil.which(exe) or exe})"


async def check_ffmpeg(farm: Farm) -> str:
    """A check that FFmpeg starts, and can make the videos of the built-in job types."""
    exe = await trio.to_thread.run_sync(find_ffmpeg, farm.ffmpeg)
    version = (await _answer([exe, "-version"], "FFmpeg")).partition(" Copyright")[0]
    picture = ["-f", "lavfi", "-i", "color=s=64x64:d=0.1:r=10"]
    film = [exe, "-v", "error", *picture, "-c:v", "h264", "-f", "null", "-"]
    if await output_of(film) is None:
        raise CheckFailed(f"{version} ({exe}) cannot make H.264 videos")
    return f"{version} ({shutil.which(exe) or exe})"


async def _answer(command: list[str], name: str) -> str:
    output = await output_of(command)
    if output is not None:
        return output
    if shutil.which(command[0]) is None:
        raise CheckFailed(f"{name} is not on this machine: there is no program {command[0]!r}")
    raise CheckFailed(f"{name} does not work here: {' '.join(command)!r} failed")


async def check_storage(farm: Farm) -> str:
    """A check that the shared storage exists, and can be read and written."""
    speeds = await measure_storage(farm, PROBE_BYTES)
    return speeds if farm.storage == "" else f"{farm.storage} can be read and written"


async def measure_storage(farm: Farm, size: int) -> str:
    """Write and read ``size`` bytes in the shared storage; returns its path and the speeds."""
    if not farm.storage:
        return "the Manager names none"
    with trio.move_on_after(STORAGE_SECONDS):
        try:
            write, read = await trio.to_thread.run_sync(
                _write_and_read, Path(farm.storage), size, abandon_on_cancel=True
            )
        except OSError as error:
            raise CheckFailed(
                f"the shared storage {farm.storage!r} cannot be read and written:"
                f" {error.strerror or error}"
            ) from None
        return f"{farm.storage}: writes {write:.0f} MiB/s, reads {read:.0f} MiB/s"
    raise CheckFailed(
        f"the shared storage {farm.storage!r} did not answer within {STORAGE_SECONDS:.0f} s"
    )


def _write_and_read(folder: Path, size: int) -> tuple[float, float]:
    """MiB a second of writing to the disk, and of reading without this machine's cache."""
    content = os.urandom(min(size, MIB))
    file = folder / f".flamenco-worker-test-{secrets.token_hex(8)}"
    try:
        began = time.perf_counter()
        with file.open("xb", buffering=0) as writer:
            for _ in range(max(1, size // len(content))):
                writer.write(content)
            os.fsync(writer.fileno())
        written = time.perf_counter()
        with file.open("rb", buffering=0) as reader:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(reader.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while chunk := reader.read(len(content)):
                if chunk != content:
                    raise OSError(f"{file} does not have the bytes that were written")
        read = time.perf_counter()
    finally:
        file.unlink(missing_ok=True)
    return size / MIB / (written - began), size / MIB / (read - written)


CHECKS: Mapping[str, Check] = {
    "blender": check_blender,
    "ffmpeg": check_ffmpeg,
    "file-management": check_storage,
}
"""{task type: check}."""
