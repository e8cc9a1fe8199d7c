# SPDX-License-Identifier: GPL-3.0-or-later
"""Packing: copying a blend file and the files it uses to the shared storage."""

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event

from .errors import Aborted, PackFailed
from .plan import PackPlan
from .remembered import Remembered, Stamp, stamp

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

CACHE_NAME = "flamenco-copies.json"
"""Name of the file in Blender's folder for user configuration that has the last copies."""

_FICLONE = 0x40049409
_CHUNK = 4 * 1024 * 1024


class Transfer:
    """Progress of copying, which another thread may read, and may also abort."""

    def __init__(self) -> None:
        self.total = 0
        """Number of bytes to copy."""
        self.copied = 0
        self.abort = Event()

    @property
    def percent(self) -> int:
        """Percentage of bytes copied, 0 to 100."""
        return 100 * self.copied // self.total if self.total else 0


def stamps(files: Iterable[Path]) -> tuple[tuple[Path, int, int], ...]:
    """Files with their sizes and times of the last change. Raises PackFailed."""
    return tuple((file, *stamp(_about(file))) for file in files)


def copy_pack(
    plan: PackPlan,
    contents: Mapping[Path, Path],
    target: Path,
    earlier: Remembered,
    transfer: Transfer,
) -> None:
    """Copy the plan's files into the new folder `target`.

    Of those in `contents` another file is copied. What has not changed since a copy of `earlier`
    is linked or cloned, where the storage can do that. After an error or an abort the folder is
    removed again. Raises PackFailed or Aborted.
    """
    try:
        target.mkdir(parents=True)
    except OSError as ex:
        raise PackFailed(
            f"The folder {target} in the shared storage cannot be created ({ex.strerror}). Check "
            "that you may write there"
        ) from ex
    try:
        sources = {plan.place_of(file): contents.get(file, file) for file in plan.files}
        known = {source: stamp(_about(source)) for source in sources.values()}
        transfer.total = sum(size for size, _ in known.values())
        _check_room(target, sum(at[0] for one, at in known.items() if not earlier.text(one, at)))
        for place, source in sources.items():
            _bring(source, target / place, earlier, transfer)
        _stop_if_aborted(transfer)
    except (PackFailed, Aborted):
        discard(target)
        raise
    earlier.save()


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise PackFailed(
            f"The files need {needed / 1e9:.1f} GB, and the shared storage has {free / 1e9:.1f} GB "
            "free. Make room there, then submit again"
        )


def discard(target: Path) -> None:
    """Remove a pack that no job uses, as far as possible."""
    shutil.rmtree(target, ignore_errors=True)


def _stop_if_aborted(transfer: Transfer) -> None:
    if transfer.abort.is_set():
        raise Aborted


def _about(file: Path) -> os.stat_result:
    try:
        return file.stat()
    except OSError as ex:
        raise PackFailed(f"{file} cannot be read: {ex.strerror}") from ex


def _bring(source: Path, destination: Path, earlier: Remembered, transfer: Transfer) -> None:
    _stop_if_aborted(transfer)
    at = stamp(_about(source))
    known = earlier.text(source, at)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
    except OSError as ex:
        raise PackFailed(f"{destination.parent} cannot be created: {ex.strerror}") from ex
    if known is not None and _is_taken(known, destination, at):
        transfer.copied += at[0]
    else:
        _copy(source, destination, transfer)
    earlier.keep(source, at, _noted(destination))


def _noted(copy: Path) -> str:
    """A copy with its own time, which need not be its source's: storages round it."""
    return f"{_about(copy).st_mtime_ns} {copy}"


def _is_taken(noted: str, destination: Path, at: Stamp) -> bool:
    """True if an earlier copy, if there still is one and nobody changed it, could be used again."""
    changed, _, path = noted.partition(" ")
    copy = Path(path)
    try:
        if stamp(copy.stat()) != (at[0], int(changed)):
            return False
        if not _is_cloned(copy, destination):
            os.link(copy, destination)
        _set_time(destination, at)
    except (OSError, ValueError):
        destination.unlink(missing_ok=True)
        return False
    return True


def _set_time(copy: Path, at: Stamp) -> None:
    """Give a copy the time of its source, if the storage lets us; some shares do not."""
    with suppress(OSError):
        os.utime(copy, ns=(at[1], at[1]))


def _is_cloned(copy: Path, destination: Path) -> bool:
    """True if the file system gave the new file the blocks of the old one (Linux: FICLONE)."""
    if fcntl is None:
        return False
    with copy.open("rb") as reader, destination.open("xb") as writer:
        try:
            fcntl.ioctl(writer, _FICLONE, reader.fileno())
        except OSError:
            destination.unlink()
            return False
    return True


def _copy(source: Path, destination: Path, transfer: Transfer) -> None:
    try:
        with source.open("rb") as reader, destination.open("xb") as writer:
            before = stamp(os.fstat(reader.fileno()))
            while chunk := reader.read(_CHUNK):
                _stop_if_aborted(transfer)
                writer.write(chunk)
                transfer.copied += len(chunk)
            if stamp(os.fstat(reader.fileno())) != before:
                raise PackFailed(
                    f"{source} has changed while it was copied. Submit again when it is finished"
                )
        _set_time(destination, before)
    except OSError as ex:
        raise PackFailed(f"{source} cannot be copied to {destination}: {ex.strerror}") from ex
