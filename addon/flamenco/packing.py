# SPDX-License-Identifier: GPL-3.0-or-later
"""Packing: copying a blend file and the files it uses to the shared storage.

Files keep their places relative to each other, so nothing inside the blend file has to change:
files that it names by a relative path are copied, and files that it names by an absolute path stay
where they are, for Workers to find there.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from .errors import Aborted, PackFailed
from .paths import common_root, is_inside, place_below
from .used_files import Dependency, existing_files

_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True)
class PackPlan:
    """The files to copy, and the folder they come from."""

    root: Path
    """Folder whose structure is kept in the pack."""
    blendfile: Path
    files: tuple[Path, ...]
    """All files to copy, the blend file first; none if it is used where it is."""
    missing: tuple[Path, ...] = ()
    elsewhere: tuple[Path, ...] = ()
    """Files outside the shared storage that are not copied, so that Workers may not find them."""

    @property
    def place(self) -> Path:
        """Path of the blend file inside the pack."""
        return self.blendfile.relative_to(self.root)


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


def plan_pack(
    blendfile: Path, project_root: Path, storage: Path, dependencies: Iterable[Dependency]
) -> PackPlan:
    """A plan of the files to copy, for which folders are read but no files. Raises PackFailed."""
    files, missing, elsewhere = {blendfile: None}, {}, {}
    for dependency in dependencies:
        found = list(existing_files(dependency))
        if not found and not dependency.is_optional:
            missing[dependency.path] = None
        elif dependency.relative:
            files.update(dict.fromkeys(found))
        elif not is_inside(dependency.path, storage):
            elsewhere.update(dict.fromkeys(found))
    try:
        root = common_root(project_root, files)
    except ValueError as ex:
        raise PackFailed(f"The file cannot be packed: {ex}. Save both on the same drive") from ex
    return PackPlan(root, blendfile, tuple(files), tuple(missing), tuple(elsewhere))


def plan_in_place(blendfile: Path, storage: Path, dependencies: Iterable[Dependency]) -> PackPlan:
    """A plan for a file in the shared storage: nothing is copied, but it tells what is not there.

    Links in the storage are followed for relative paths, which Workers open from there as well.
    """
    missing, elsewhere = {}, {}
    for dependency in dependencies:
        found = list(existing_files(dependency))
        if not found and not dependency.is_optional:
            missing[dependency.path] = None
        inside = place_below if dependency.relative else _named_below
        elsewhere.update((one, None) for one in found if not inside(storage, one))
    return PackPlan(blendfile.parent, blendfile, (), tuple(missing), tuple(elsewhere))


def _named_below(folder: Path, file: Path) -> Path | None:
    return file if is_inside(file, folder) else None


def stamps(files: Iterable[Path]) -> tuple[tuple[Path, int, int], ...]:
    """Files with their sizes and times of the last change. Raises PackFailed."""
    return tuple((file, *_stamp(_about(file))) for file in files)


def copy_pack(plan: PackPlan, target: Path, transfer: Transfer) -> None:
    """Copy the plan's files into the new folder `target`.

    After an error or an abort the folder is removed again. Raises PackFailed or Aborted.
    """
    try:
        target.mkdir(parents=True)
    except OSError as ex:
        raise PackFailed(
            f"The folder {target} in the shared storage cannot be created ({ex.strerror}). Check "
            "that you may write there"
        ) from ex
    try:
        transfer.total = sum(_about(file).st_size for file in plan.files)
        for file in plan.files:
            _copy(file, target / file.relative_to(plan.root), transfer)
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
