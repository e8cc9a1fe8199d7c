# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that paths in a blend file stand for: also sequences, tiles, and folders of caches."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE, SEQUENCE, LIBRARY, DIRECTORY = "FILE", "SEQUENCE", "LIBRARY", "DIRECTORY"
CACHE, FLUID, OCEAN, BAKE = "CACHE", "FLUID", "OCEAN", "BAKE"

_PATTERNS = {
    CACHE: ("*.bphys",),
    FLUID: tuple(
        f"{part}/*"
        for part in ("config", "data", "guiding", "mesh", "noise", "particles", "script")
    ),
    OCEAN: tuple(f"{part}_*.exr" for part in ("disp", "foam", "normal", "spray")),
    BAKE: ("meta/*", "blobs/*", "*/meta/*", "*/blobs/*"),
}
"""{kind: files of such a cache}; the artist may have other files in its folder, such as renders."""

_OPTIONAL = frozenset({DIRECTORY, FLUID, BAKE})
"""Kinds whose folder is named in the file before there is anything in it."""

_TILE = re.compile("<(UDIM|UVTILE)>")


@dataclass(frozen=True)
class Dependency:
    """A path that the open file, or a library, refers to."""

    path: Path
    """Absolute, normalized path."""
    relative: bool
    """True if it is stored relative to the blend file, or library, that uses it."""
    kind: str = FILE
    """FILE, LIBRARY, SEQUENCE (one of its frames), DIRECTORY (all that is in it), or a kind of
    cache: a folder that may hold other files too."""
    owner: Path | None = None
    """Blend file that refers to it; None if that is not known."""
    names: tuple[str, ...] = ()
    """Names of the files that are used of a folder."""

    @property
    def is_optional(self) -> bool:
        """True if it is no fault that there are no such files."""
        return self.kind in _OPTIONAL


def existing_files(dependency: Dependency) -> Iterator[Path]:
    """The files that a dependency stands for. Reads folders, but no files."""
    path = dependency.path
    if dependency.names:
        yield from (one for name in dependency.names if (one := path / name).exists())
    elif dependency.kind in _PATTERNS:
        for pattern in _PATTERNS[dependency.kind]:
            yield from sorted(one for one in path.glob(pattern) if one.is_file())
    elif dependency.kind == DIRECTORY:
        for folder, _, names in os.walk(path):
            yield from (Path(folder, name) for name in sorted(names))
    elif _TILE.search(path.name):
        yield from _matching(path, _tile_pattern(path.name))
    elif dependency.kind == SEQUENCE and (frame := re.search(r"\d+(?=\D*$)", path.stem)):
        start, end = path.name[: frame.start()], path.name[frame.end() :]
        yield from _matching(path, re.escape(start) + r"\d+" + re.escape(end))
    elif path.is_file():
        yield path


def has_bake(folder: Path) -> bool:
    """True if a bake of a node is in this folder."""
    return any(True for _ in folder.glob("meta/*"))


def _tile_pattern(name: str) -> str:
    before, kind, after = _TILE.split(name, maxsplit=1)
    number = r"\d{4}" if kind == "UDIM" else r"u\d+_v\d+"
    return re.escape(before) + number + re.escape(after)


def _matching(path: Path, pattern: str) -> Iterator[Path]:
    if path.parent.is_dir():
        matches = re.compile(pattern).fullmatch
        yield from sorted(one for one in path.parent.iterdir() if matches(one.name))
