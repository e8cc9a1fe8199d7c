# SPDX-License-Identifier: GPL-3.0-or-later
"""Packing: copying a blend file and the files it uses to the shared storage."""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Event

from .errors import Aborted, PackFailed
from .plan import PackPlan

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
    return tuple((file, *_stamp(_about(file))) for file in files)


def copy_pack(
    plan: PackPlan, contents: Mapping[Path, Path], target: Path, transfer: Transfer
) -> None:
    """Copy the plan's files into the new folder `target`.

    Of those in `contents` another file is copied. After an error or an abort the folder is removed
    again. Raises PackFailed or Aborted.
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
        transfer.total = sum(_about(source).st_size for source in sources.values())
        for place, source in sources.items():
            _copy(source, target / place, transfer)
    except (PackFailed, Aborted):
        discard(target)
        raise


def discard(target: Path) -> None:
    """Remove a pack that no job uses, as far as possible."""
    shutil.rmtree(target, ignore_errors=True)


def _about(file: Path) -> os.stat_result:
    try:
        return file.stat()
    except OSError as ex:
        raise PackFailed(f"{file} cannot be read: {ex.strerror}") from ex


def _stamp(about: os.stat_result) -> tuple[int, int]:
    return about.st_size, about.st_mtime_ns


def _copy(source: Path, destination: Path, transfer: Transfer) -> None:
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as reader, destination.open("xb") as writer:
            before = _stamp(os.fstat(reader.fileno()))
            while chunk := reader.read(_CHUNK):
                if transfer.abort.is_set():
                    raise Aborted
                writer.write(chunk)
                transfer.copied += len(chunk)
            if _stamp(os.fstat(reader.fileno())) != before:
                raise PackFailed(
                    f"{source} has changed while it was copied. Submit again when it is finished"
                )
    except OSError as ex:
        raise PackFailed(f"{source} cannot be copied to {destination}: {ex.strerror}") from ex
