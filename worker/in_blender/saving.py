"""Saves pictures whole or not at all: in a folder for unfinished ones, from where they move."""

import json
from pathlib import Path
from typing import Any

import bpy

HAS_TEMPLATES = bpy.app.version >= (4, 5, 0)
"""Since then `{name}` in a path is a template."""


def plain(path: "str | Path") -> str:
    """A path as a setting of Blender that stands for it, whatever is in it."""
    text = str(path)
    return text.replace("{", "{{").replace("}", "}}") if HAS_TEMPLATES else text


def begin(folder: Path) -> None:
    """Have an empty folder for unfinished pictures, and tell the Worker, which removes it."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"flamenco-folder: {json.dumps({'path': str(folder)})}", flush=True)


def save(render: Any, name: str, folder: Path, final: Path) -> "list[Path]":
    """Render the scene as it is; returns the files, which then lie in the folder ``final``.

    There is one for each view that has its own, and maybe a preview. Raises RuntimeError when
    nothing came of it.
    """
    render.filepath = plain(folder / name)
    bpy.ops.render.render(write_still=True)
    written = sorted(each for each in folder.iterdir() if each.suffix != ".json")
    if not written or not all(each.stat().st_size for each in written):
        raise RuntimeError(f"flamenco: missing-frames: nothing was saved for {name}")
    final.mkdir(parents=True, exist_ok=True)
    for each in written:
        each.replace(final / each.name)
    return [final / each.name for each in written]
