"""Renders the frames that a task asks for, each whole or not at all, whatever was there before.

What an attempt of the task has finished stands in a file beside them, until the task is completed;
the next attempt leaves that out, if it is still what was saved, of the same .blend file.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[2]))
from worker.in_blender.saving import begin, plain, save, tell

sys.path.pop()

FINISHED = "finished.json"


def stamp(path: Path) -> "list[int]":
    """Size and time of the last change of a file, which tell it from another one of its name."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def decodes(path: Path) -> bool:
    """True if a file is a picture."""
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError:
        return False
    is_one = 0 not in image.size
    bpy.data.images.remove(image)
    return is_one


class Finished:
    """Frames that attempts of this task have finished, in a file that they append to."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._source = stamp(Path(bpy.data.filepath))
        self._frames: dict[int, dict[str, list[int]]] = {}
        for line in file.read_text("utf-8").splitlines() if file.exists() else ():
            try:
                entry = json.loads(line)
            except ValueError:  # the end of an attempt cut it off
                continue
            if entry["source"] == self._source:
                self._frames[entry["frame"]] = entry["files"]

    def of(self, frame: int) -> "list[Path]":
        """Files of a frame that are as they were saved; none if it is to be rendered."""
        files = {Path(name): saved for name, saved in self._frames.get(frame, {}).items()}
        whole = all(path.exists() and stamp(path) == saved for path, saved in files.items())
        return [*files] if whole and all(map(decodes, files)) else []

    def add(self, frame: int, files: "list[Path]") -> None:
        """Remember a frame that was saved."""
        stamps = {str(path): stamp(path) for path in files}
        entry = {"source": self._source, "frame": frame, "files": stamps}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def render_frames(asked: "dict[str, Any]") -> None:
    """Render all that is not finished. Raises SystemExit when a frame was not saved."""
    scene = bpy.context.scene
    render = scene.render
    render.use_file_extension, render.use_placeholder = True, False
    output = plain(render.filepath)
    finished = None
    for frame in (each for first, last in asked["runs"] for each in range(first, last + 1)):
        render.filepath = output
        path = Path(bpy.path.abspath(render.frame_path(frame=frame)))
        if finished is None:
            folder = path.parent / f".flamenco-{asked['task']}"
            own = begin(folder)
            finished = Finished(folder / FINISHED)
        files = finished.of(frame)
        if not files:
            scene.frame_set(frame)
            saved = save(render, path.name, own, path.parent)
            finished.add(frame, saved)
        tell(frame, files or saved, render, is_new=not files)


render_frames(json.loads(os.environ["FLAMENCO_ASKED"]))
