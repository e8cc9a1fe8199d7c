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
from worker.in_blender.decoded import whole
from worker.in_blender.file_outputs import number_file_outputs
from worker.in_blender.saving import begin, plain, save, tell
from worker.in_blender.staying import begin as begin_stay

sys.path.pop()

FINISHED = "finished.json"


def stamp(path: Path) -> "list[int]":
    """Size and time of the last change of a file, which tell it from another one of its name."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def is_as_saved(path: Path, saved: "list[int]") -> bool:
    """True if a file is what an attempt has saved."""
    return path.exists() and stamp(path) == saved


class Finished:
    """Frames that attempts of this task have finished, in a file that they append to."""

    def __init__(self, file: Path, python: str) -> None:
        self._file = file
        self._source = stamp(Path(bpy.data.filepath))
        self._frames: dict[int, list[Path]] = {}
        for line in file.read_text("utf-8").splitlines() if file.exists() else ():
            try:
                entry = json.loads(line)
            except ValueError:  # the end of an attempt cut it off
                continue
            files = {Path(name): saved for name, saved in entry["files"].items()}
            if entry["source"] == self._source and all(map(is_as_saved, files, files.values())):
                self._frames[entry["frame"]] = [*files]
        every = [path for files in self._frames.values() for path in files]
        self._whole = whole(every, python) if every else set()

    def of(self, frame: int) -> "list[Path]":
        """Files of a frame that are as they were saved; none if it is to be rendered."""
        files = self._frames.get(frame, [])
        return files if self._whole.issuperset(files) else []

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
    number_file_outputs(scene)
    finished = None
    for frame in (each for first, last in asked["runs"] for each in range(first, last + 1)):
        render.filepath = output
        path = Path(bpy.path.abspath(render.frame_path(frame=frame)))
        if finished is None:
            own = begin(path, asked["task"])
            finished = Finished(own.parent / FINISHED, asked["python"])
        files = finished.of(frame)
        is_new = not files
        if is_new:
            scene.frame_set(frame)
            files = save(render, path.name, own, path.parent)
            finished.add(frame, files)
        tell(frame, files, render, is_new=is_new)


stay = begin_stay()
render_frames(json.loads(os.environ["FLAMENCO_ASKED"]))
while stay and stay.go_on():
    render_frames(json.loads(os.environ["FLAMENCO_ASKED"]))
