"""Lets Blender stay open for the next task of its job, on the file as it was loaded."""

import ctypes
import json
import os
import runpy
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from worker.in_blender.doubts import doubt, may_persist
from worker.in_blender.look import absolute, files_of

LOOK = Path(__file__).with_name("look.py")
SAME_TIME_SECONDS = 2.0
"""Some shares round times to these."""
Mark = tuple[int, int, int, int]


def files() -> "Iterator[Path]":
    """All files that the picture may come from: of the scene, of Blender's settings and add-ons."""
    data = bpy.data
    yield Path(data.filepath)
    kinds = (data.images, data.movieclips, data.sounds, data.fonts, data.cache_files, data.volumes)
    for library in data.libraries:
        yield Path(absolute(library.filepath, None))
    for each in (each for kind in kinds for each in kind):
        for written in files_of(each):
            if written and not written.startswith("<"):
                yield Path(absolute(written, each.library))
    for written in bpy.utils.blend_paths(absolute=True, packed=False, local=False):
        yield Path(written)
    for addon in bpy.context.preferences.addons:
        module = getattr(sys.modules.get(addon.module), "__file__", None)
        if module:
            yield Path(module)
    yield Path(bpy.utils.resource_path("USER"), "config", "userpref.blend")


def marks() -> "dict[str, Mark | None]":
    """Marks of the content of these files; None for one that is missing."""
    return {str(path): mark(path) for path in {*files()}}


def mark(path: Path) -> "Mark | None":
    """Facts that tell a file from another one of its name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class Stay:
    """The stay of a Blender, from before its first render."""

    def __init__(self, asked: "dict[str, Any]") -> None:
        self._pipe = socket.socket(fileno=asked["pipe"])
        self._pipe.set_inheritable(False)
        self._lines = self._pipe.makefile("rb")
        self._word = asked["mark"]
        self._output = os.dup(1)
        self._before = marks()
        changes = (each[-1] for each in self._before.values() if each)
        latest = max(changes, default=0) / 1e9
        is_new = latest > asked["began"] - SAME_TIME_SECONDS  # maybe it was read before it changed
        self._doubt = "its files are new" if is_new else doubt()
        if self._doubt:
            print(f"Blender will not stay open: {self._doubt}", flush=True)
        elif may_persist():
            bpy.context.scene.render.use_persistent_data = True
        self._path = bpy.context.scene.render.filepath
        self._folder = Path.cwd()

    def go_on(self) -> bool:
        """Say that the task is done, and wait for the next; False if there is to be none.

        What the next one asks for is in the environment, as for the first. Raises SystemExit if
        the file is no longer as it was loaded.
        """
        self._doubt = self._doubt or doubt()
        if self._doubt:
            return False
        self._tell()
        line = self._lines.readline()
        if not line:
            return False
        asked = json.loads(line)
        self._word = asked.pop("mark")
        if marks() != self._before:
            print("the files of the scene have changed", flush=True)
            sys.exit(1)
        os.chdir(self._folder)
        bpy.context.scene.render.filepath = self._path
        os.environ["FLAMENCO_ASKED"] = json.dumps(asked)
        runpy.run_path(str(LOOK), run_name="__main__")
        return True

    def _tell(self) -> None:
        """Write the word on a line of its own behind all that the task has printed."""
        sys.stdout.flush()
        sys.stderr.flush()
        ctypes.CDLL(None).fflush(None)
        os.write(self._output, f"\n{self._word}\n".encode())


def begin() -> "Stay | None":
    """The stay that the Worker asks for; None if it does not, or this Blender is unlike others."""
    asked = os.environ.pop("FLAMENCO_STAY", "")
    try:
        return Stay(json.loads(asked)) if asked else None
    except Exception as error:  # noqa: BLE001 - its frames must not fail for that
        print(f"Blender will not stay open: {error!r}", flush=True)
        return None
