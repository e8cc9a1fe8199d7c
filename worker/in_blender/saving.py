"""Saves pictures whole or not at all: in a folder for unfinished ones, from where they move."""

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import bpy

from worker.in_blender.long_paths import reachable

PLACE = ".flamenco"
"""Name of the folder, beside pictures, for all that tasks keep there while they are unfinished."""

HAS_TEMPLATES = bpy.app.version >= (4, 5, 0)
"""Since then `{name}` in a path is a template."""

TRIES, PAUSE = 20, 0.25
"""Number of tries to move a file that another program holds open, and seconds between them."""


def plain(path: "str | Path") -> str:
    """A path as a setting of Blender that stands for it, whatever is in it."""
    text = str(path)
    return text.replace("{", "{{").replace("}", "}}") if HAS_TEMPLATES else text


def begin(picture: Path, task: str) -> Path:
    """A new folder for unfinished pictures, beside the place of one, in that of the task.

    The Worker is told, and removes it. No other attempt writes there, not even one that nobody
    waits for and that still renders.
    """
    own = picture.parent / PLACE / task / uuid.uuid4().hex[:8]
    own = reachable(own / picture.name).parent
    make(own)
    print(f"flamenco-folder: {json.dumps({'path': str(own)})}", flush=True)
    return own


def make(folder: Path) -> None:
    """Make a folder. A Worker may remove one above it meanwhile, which is empty."""
    for _ in range(TRIES):
        try:
            folder.mkdir(parents=True)
        except FileNotFoundError:
            continue
        return
    folder.mkdir(parents=True)


def move(file: Path, target: Path) -> None:
    """Move a file to its place. On Windows it may have to wait for a virus scanner or a viewer."""
    for _ in range(TRIES):
        try:
            file.replace(target)
        except PermissionError:
            time.sleep(PAUSE)
        else:
            return
    file.replace(target)


def save(render: Any, name: str, folder: Path, final: Path) -> "list[Path]":
    """Render the scene as it is; returns the files, which then lie in the folder ``final``.

    There is one for each view that has its own, and maybe a preview. Raises SystemExit when nothing
    came of it; Blender has said why.
    """
    render.filepath = plain(folder / name)
    try:
        bpy.ops.render.render(write_still=True)
        written = sorted(folder.iterdir())
        if not written or not all(each.stat().st_size for each in written):
            raise OSError(f"flamenco: missing-frames: nothing was saved for {name}")
        saved = [reachable(final / each.name) for each in written]
        saved[0].parent.mkdir(parents=True, exist_ok=True)
        for each, target in zip(written, saved, strict=True):
            move(each, target)
    except (RuntimeError, OSError) as error:
        print(str(error).strip(), flush=True)
        sys.exit(1)
    return saved


def save_one(render: Any, frame: int, output: Path) -> None:
    """Render the scene as it is to a file, and tell the Worker. Raises SystemExit."""
    folder = begin(output, output.name)
    tell(frame, save(render, output.name, folder, output.parent), render)


def view_of(path: Path, render: Any) -> str:
    """The view that a file shows; empty if there is one only."""
    if not render.use_multiview or render.image_settings.views_format != "INDIVIDUAL":
        return ""
    views = {view.file_suffix: view.name for view in render.views if view.use}
    return next((name for suffix, name in views.items() if path.stem.endswith(suffix)), "")


def tell(frame: int, files: "list[Path]", render: Any, *, is_new: bool = True) -> None:
    """Tell the Worker of a frame whose files are whole, since now or an earlier attempt."""
    previews = {".jpg"} if "EXR" in render.image_settings.file_format else set()
    told = [
        {
            "path": str(path),
            "view": view_of(path, render),
            "format": render.image_settings.file_format,
            "is_preview": path.suffix in previews,
            "size": path.stat().st_size,
            "changed": path.stat().st_mtime,
        }
        for path in files
    ]
    line = json.dumps({"number": frame, "files": told, "is_new": is_new})
    print(f"flamenco-frame: {line}", flush=True)
