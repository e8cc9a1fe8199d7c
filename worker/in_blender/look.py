"""Looks at the file that is about to be rendered, and tells what Blender says nothing of."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

UDIM, UVTILE = "<UDIM>", "<UVTILE>"
POINTER = b"version https://git-lfs.github.com/spec/"
MOST_OF_POINTER = 1023
"""Maximum number of bytes of a pointer of Git LFS, by its specification."""


def say(kind: str, sentence: str, *, mark: str = "flamenco-warning") -> None:
    """Tell the Worker of a trouble."""
    print(f"{mark}: {kind}: {' '.join(sentence.split())}", flush=True)


def image_files(image: Any) -> "list[str]":
    """Files of an image: one, or one for each tile."""
    if image.source not in {"FILE", "SEQUENCE", "MOVIE", "TILED"} or image.packed_file:
        return []
    if image.source == "TILED":
        return [tile_file(image.filepath, tile.number) for tile in image.tiles]
    return [image.filepath]


def tile_file(path: str, number: int) -> str:
    """File of a tile; 1012 is the second in the second row, `u2_v2`."""
    row, column = divmod(number - 1001, 10)
    return path.replace(UDIM, str(number)).replace(UVTILE, f"u{column + 1}_v{row + 1}")


def files_of(each: Any) -> "list[str]":
    """Files of a piece of data, as they are written in it."""
    if isinstance(each, bpy.types.Image):
        return image_files(each)
    if getattr(each, "packed_file", None):
        return []
    return [getattr(each, "filepath", "")]


def is_pointer(path: str) -> bool:
    """True if Git LFS has left only a pointer of a file."""
    try:
        if Path(path).stat().st_size > MOST_OF_POINTER:
            return False
        return Path(path).read_bytes().startswith(POINTER)
    except OSError:  # a folder, or not for this Worker's eyes, as Blender will say
        return False


def missing() -> "Iterator[tuple[str, str]]":
    """Kind and sentence for each file that the .blend file uses and that is not there."""
    data = bpy.data
    for library in data.libraries:
        path = absolute(library.filepath, None)  # even if another library links to it
        if not Path(path).is_file() and is_needed(library):
            yield "missing-library", f"missing library {path}"
    kinds = (data.images, data.movieclips, data.sounds, data.fonts, data.cache_files, data.volumes)
    for each in (each for kind in kinds for each in kind if each.users):
        for written in filter(None, files_of(each)):
            path = absolute(written, each.library)
            if not written.startswith("<") and not Path(path).exists():
                yield "missing-file", f"missing file {path}"
            elif is_pointer(path):
                pointer = "is a pointer of Git LFS: run 'git lfs pull'"
                yield "missing-file", f"missing file {path}, which {pointer}"


def is_needed(library: Any) -> bool:
    """True if data comes from the library's file; since 5.0 it may be packed, without the file."""
    is_inside = library.packed_file or getattr(library, "is_archive", False)
    return not is_inside and bool(library.users_id)


def absolute(path: str, library: Any) -> str:
    """A path as the operating system takes it."""
    found: str = bpy.path.abspath(path, library=library)
    return os.path.normpath(found)


def engines() -> "set[str]":
    """Render engines that are there, by their ids."""
    found = {"BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH"}
    waiting = [bpy.types.RenderEngine]
    while waiting:
        each = waiting.pop()
        found.add(getattr(each, "bl_idname", ""))
        waiting += each.__subclasses__()
    return found


def look(asked: "dict[str, Any]") -> None:
    """Tell of all that is wrong. Raises SystemExit if the render would be of something else."""
    scene = bpy.context.scene
    if asked["scene"] not in ("", scene.name):
        say("missing-scene", f"the file has no scene {asked['scene']!r}", mark="flamenco")
        sys.exit(1)
    if scene.render.engine not in engines():
        say("missing-plugin", "Blender on this Worker lacks the scene's engine", mark="flamenco")
        sys.exit(1)
    if bpy.data.version[:2] > bpy.app.version[:2]:
        saved, ours = (f"{each[0]}.{each[1]}" for each in (bpy.data.version, bpy.app.version))
        say("newer-file", f"saved by Blender {saved}, this Worker has {ours}")
    for kind, sentence in dict.fromkeys(missing()):
        say(kind, sentence)


if __name__ == "__main__":
    look(json.loads(os.environ["FLAMENCO_ASKED"]))
