# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a pack consists of, and where they lie in it.

Files keep their places relative to each other as far as the project's folder, or the paths from one
to the other, reach. What is only known by its whole path comes into a folder of its own, and so the
paths to it have to be rewritten in the copies of the blend files.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .errors import PackFailed
from .paths import common_root, is_inside, place_below
from .used_files import LIBRARY, Dependency, existing_files

OUTSIDE = "_outside"
"""Folder in a pack for files from elsewhere."""

_SEPARATORS = re.compile(r"[:/\\]+")


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
    rewritten: tuple[Path, ...] = ()
    """The blend files among them whose paths have to be looked at, and maybe rewritten."""
    targets: Mapping[Path, Path] = field(default_factory=dict)
    """{path that a rewritten file may have: its place in the pack}."""
    output: str = ""
    """Folder for the nodes of the compositor that write beside the file; empty if none does."""

    def writing_to(self, folder: str, libraries: Iterable[Path] = ()) -> "PackPlan":
        """The same, with such nodes, also those in libraries, writing into a folder.

        As it is, if that is empty.
        """
        if not folder:
            return self
        rewritten = dict.fromkeys((*self.rewritten, self.blendfile, *libraries))
        return replace(self, output=folder, rewritten=tuple(rewritten))

    @property
    def place(self) -> Path:
        """Path of the blend file inside the pack."""
        return self.place_of(self.blendfile)

    def place_of(self, path: Path) -> Path:
        """Path inside the pack of something that is copied. Raises PackFailed."""
        return _place(path, self.root)


def plan_pack(
    blendfile: Path, project_root: Path, storage: Path, dependencies: Iterable[Dependency]
) -> PackPlan:
    """A plan of the files to copy, for which folders are read but no files. Raises PackFailed."""
    used = [(one.owner or blendfile, one) for one in dependencies]
    near = _reached(blendfile, used, lambda one: one.relative)
    copied = _reached(blendfile, used, lambda one: not _stays(one, storage))
    files, missing, elsewhere, beside = {blendfile: None}, {}, {}, {blendfile: None}
    targets: dict[Path, None] = {}
    for owner, one in used:
        found = list(existing_files(one))
        if not found and not one.is_optional:
            missing[one.path] = None
        elif owner in copied and not _stays(one, storage):
            files.update(dict.fromkeys(found))
            if found:
                targets[one.path] = None
            if one.relative and owner in near:
                beside.update(dict.fromkeys(found))
        elif not is_inside(one.path, storage):
            elsewhere.update(dict.fromkeys(found))
    try:
        root = common_root(project_root, beside)
    except ValueError as ex:
        raise PackFailed(f"The file cannot be packed: {ex}. Save both on the same drive") from ex
    moved = any(
        owner in copied and one.path in targets and _is_moved(owner, one, root)
        for owner, one in used
    )
    return PackPlan(
        root,
        blendfile,
        tuple(files),
        tuple(missing),
        tuple(elsewhere),
        tuple(one for one in files if one in copied) if moved else (),
        {one: _place(one, root) for one in targets} if moved else {},
    )


def _stays(one: Dependency, storage: Path) -> bool:
    """True if a path will be right in a copy of the file, or cannot be rewritten there."""
    return not one.relative and (is_inside(one.path, storage) or one.owner is None)


def _is_moved(owner: Path, one: Dependency, root: Path) -> bool:
    """True if a path leads elsewhere in the pack."""
    return not one.relative or is_inside(owner, root) != is_inside(one.path, root)


def _reached(
    start: Path, used: Iterable[tuple[Path, Dependency]], follows: Callable[[Dependency], bool]
) -> set[Path]:
    """The blend files that one leads to, through libraries whose paths are to be followed."""
    links = [(owner, one.path) for owner, one in used if one.kind == LIBRARY and follows(one)]
    reached, count = {start}, 0
    while count < len(reached):
        count = len(reached)
        reached.update(library for owner, library in links if owner in reached)
    return reached


def _place(path: Path, root: Path) -> Path:
    if path == root or is_inside(path, root):
        place = path.relative_to(root)
    else:
        place = Path(OUTSIDE, *filter(None, _SEPARATORS.split(str(path))))
    if ".." in place.parts:
        raise PackFailed(f'{path} cannot be packed, since its path has ".." in it')
    return place


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
