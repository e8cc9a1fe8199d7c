# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a blend file and what it uses to the shared storage.

Files keep their places relative to each other, so nothing inside the blend file has to change:
what it names relative to itself is copied, and what it names by an absolute path stays where it
is, for Workers to find there.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from .errors import Aborted, PackFailed
from .paths import common_root, is_inside

FILE, SEQUENCE, DIRECTORY = "FILE", "SEQUENCE", "DIRECTORY"

_CHUNK = 4 * 1024 * 1024
_TILE = re.compile("<(UDIM|UVTILE)>")


@dataclass(frozen=True)
class Dependency:
    """A path that the open file refers to."""

    path: Path
    """Absolute and normalised."""
    relative: bool
    """Whether it is stored relative to the blend file, or library, that uses it."""
    kind: str = FILE
    """FILE, SEQUENCE (one of its frames) or DIRECTORY (a cache, which may not exist)."""


@dataclass(frozen=True)
class PackPlan:
    """What is copied from where."""

    root: Path
    """The folder whose inner structure the pack has."""
    blendfile: Path
    files: tuple[Path, ...]
    """Everything to copy, the blend file first."""
    missing: tuple[Path, ...] = ()
    elsewhere: tuple[Path, ...] = ()
    """Named by an absolute path outside the shared storage: perhaps no Worker can reach it."""

    @property
    def place(self) -> Path:
        """Where the blend file is inside the pack."""
        return self.blendfile.relative_to(self.root)


class Transfer:
    """Progress of the copying, to be read from another thread, which may also abort it."""

    def __init__(self) -> None:
        self.total = 0
        """Bytes."""
        self.copied = 0
        self.abort = Event()

    @property
    def percent(self) -> int:
        """0 to 100."""
        return 100 * self.copied // self.total if self.total else 0


def plan_pack(
    blendfile: Path, project_root: Path, storage: Path, dependencies: Iterable[Dependency]
) -> PackPlan:
    """Find out what to copy, reading folders but no files. Raises PackFailed."""
    files, missing, elsewhere = {blendfile: None}, {}, {}
    for dependency in dependencies:
        found = list(_existing_files(dependency))
        if not found and dependency.kind != DIRECTORY:
            missing[dependency.path] = None
        elif dependency.relative:
            files.update(dict.fromkeys(found))
        elif not is_inside(dependency.path, storage):
            elsewhere.update(dict.fromkeys(found))
    try:
        root = common_root(project_root, files)
    except ValueError as ex:
        raise PackFailed(f"The file cannot be packed: {ex}. Save both on one drive") from ex
    return PackPlan(root, blendfile, tuple(files), tuple(missing), tuple(elsewhere))


def _existing_files(dependency: Dependency) -> Iterator[Path]:
    path = dependency.path
    if path.is_dir():
        for folder, _, names in os.walk(path):
            yield from (Path(folder, name) for name in sorted(names))
    elif _TILE.search(path.name):
        yield from _matching(path, _tile_pattern(path.name))
    elif dependency.kind == SEQUENCE and (frame := re.search(r"\d+(?=\D*$)", path.name)):
        start, end = path.name[: frame.start()], path.name[frame.end() :]
        yield from _matching(path, re.escape(start) + r"\d+" + re.escape(end))
    elif path.exists():
        yield path


def _tile_pattern(name: str) -> str:
    before, kind, after = _TILE.split(name, maxsplit=1)
    number = r"\d{4}" if kind == "UDIM" else r"u\d+_v\d+"
    return re.escape(before) + number + re.escape(after)


def _matching(path: Path, pattern: str) -> Iterator[Path]:
    if path.parent.is_dir():
        matches = re.compile(pattern).fullmatch
        yield from sorted(one for one in path.parent.iterdir() if matches(one.name))


def copy_pack(plan: PackPlan, target: Path, transfer: Transfer) -> None:
    """Copy the plan's files into the new folder `target`.

    After an error or an abort the folder is gone again. Raises PackFailed or Aborted.
    """
    try:
        target.mkdir()
    except OSError as ex:
        raise PackFailed(
            f"The folder {target} in the shared storage cannot be made ({ex.strerror}). Check that "
            "you may write there"
        ) from ex
    try:
        transfer.total = sum(_size(file) for file in plan.files)
        for file in plan.files:
            _copy(file, target / file.relative_to(plan.root), transfer)
    except (PackFailed, Aborted):
        discard(target)
        raise


def discard(target: Path) -> None:
    """Remove a pack that no job uses, as far as that is possible."""
    shutil.rmtree(target, ignore_errors=True)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as ex:
        raise PackFailed(f"{file} cannot be read: {ex.strerror}") from ex


def _copy(source: Path, destination: Path, transfer: Transfer) -> None:
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as reader, destination.open("xb") as writer:
            while chunk := reader.read(_CHUNK):
                if transfer.abort.is_set():
                    raise Aborted
                writer.write(chunk)
                transfer.copied += len(chunk)
    except OSError as ex:
        raise PackFailed(f"{source} cannot be copied to {destination}: {ex.strerror}") from ex
