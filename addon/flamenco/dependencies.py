# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that the open file refers to."""

import os
from collections.abc import Iterator
from pathlib import Path

import bpy

from . import places
from .background import PAUSED, Flow, in_slices
from .paths import is_inside, whole
from .places import Place
from .used_files import DIRECTORY, FILE, LIBRARY, Dependency


def of_open_file() -> Flow[list[Dependency]]:
    """Every file, sequence and cache folder, including linked libraries and their files.

    Files that come with Blender are left out, since every Blender has them. Blender 5.0 links its
    own brushes into each new file.
    """
    own = Path(bpy.utils.system_resource("DATAFILES"))
    where, known = Whereabouts(), set()

    def used() -> Iterator[Dependency | None]:
        for place in places.of_open_file():
            if place is None or not place.text:
                yield None
                continue
            known.update([place.text, *(place.text + name for name in place.names)])
            found = where.dependency(place)
            yield None if is_inside(found.path, own) else found

    found = yield from in_slices(used())
    yield PAUSED
    left = yield from _left_out(known)
    left = [one for one in left if not is_inside(one.path, own)]
    yield PAUSED
    return [*found, *left, *where.caches()]


class Whereabouts:
    """The blend files that are open or linked, and the folders that their paths count from."""

    def __init__(self) -> None:
        self._files: dict[bpy.types.Library | None, tuple[Path, str]] = {}
        """{library, None for the open file: its file, its folder}."""

    def dependency(self, place: Place) -> Dependency:
        """The file that a place refers to, by its whole path."""
        if place.kind == LIBRARY:
            # Blender makes paths to libraries relative to the open file, whichever links them.
            (owner, _), (_, folder) = self._file(place.block.parent), self._file(None)
        else:
            owner, folder = self._file(place.block.library)
        path = Path(whole(place.text, folder))
        relative = place.text.startswith("//")
        return Dependency(path, relative, place.kind, owner, place.names)

    def caches(self) -> Iterator[Dependency]:
        """Disk caches of simulations, which Blender keeps in folders named after blend files."""
        for file in {self._file(one)[0] for one in (None, *bpy.data.libraries)}:
            folder = file.parent / f"blendcache_{file.stem}"
            yield Dependency(folder, relative=True, kind=DIRECTORY, owner=file)

    def _file(self, library: bpy.types.Library | None) -> tuple[Path, str]:
        if library not in self._files:
            text = library.filepath if library else bpy.data.filepath
            file = Path(os.path.abspath(bpy.path.abspath(text)))
            self._files[library] = file, str(file.parent)
        return self._files[library]


def _left_out(known: set[str]) -> Flow[list[Dependency]]:
    """Files that Blender's own walk finds beyond the places that are known."""
    stored = bpy.utils.blend_paths(absolute=False)
    if known.issuperset(stored):
        return []
    yield PAUSED
    # Both calls visit the same data in the same order, so the lists match.
    return [
        Dependency(Path(os.path.abspath(path)), text.startswith("//"), FILE)
        for text, path in zip(stored, bpy.utils.blend_paths(absolute=True), strict=True)
        if text and text not in known
    ]
