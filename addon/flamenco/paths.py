# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions on paths, without Blender and for both Windows and POSIX paths."""

import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePath
from typing import TypeVar

PROJECT_MARKERS = {
    "BLENDER_PROJECT": ".blender_project",
    "GIT": ".git",
    "SUBVERSION": ".svn",
}
"""{project finder: name of the file or folder that marks a project's root}."""

# Characters that Windows forbids, since a Worker on Windows may have to open a pack from Linux.
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
_NAME_LENGTH = 100

_P = TypeVar("_P", bound=PurePath)


def is_inside(path: PurePath, folder: PurePath) -> bool:
    """True if `path` is inside `folder`, at a path boundary; both absolute and normalized.

    Case does not matter in Windows paths.
    """
    return folder in path.parents


def whole(text: str, folder: str) -> str:
    """A path as a blend file stores it, absolute and without `..`; `//` stands for `folder`."""
    return os.path.abspath(os.path.join(folder, text[2:]) if text.startswith("//") else text)


def place_below(folder: Path, file: Path) -> Path | None:
    """A file as it is called below a folder, also when symbolic links lead there; else None.

    Looks at the disk.
    """
    if is_inside(file, folder):
        return file
    real, top = Path(os.path.realpath(file)), Path(os.path.realpath(folder))
    return folder / real.relative_to(top) if is_inside(real, top) else None


def path_for_manager(path: PurePath) -> str:
    """A path for the Manager: with slashes, so that it can match two-way variables.

    A UNC path keeps its backslashes: Blender would take a leading ``//`` as "relative to the blend
    file".
    """
    return str(path) if path.drive.startswith("\\\\") else path.as_posix()


def pack_folder_name(job_name: str, moment: datetime) -> str:
    """The name of a job's folder in the shared storage: ``<timestamp>-<job name>``.

    The timestamp is ISO 8601 with ``-`` as its separator and no colons (reference add-on §6).
    """
    timestamp = moment.replace(tzinfo=None).isoformat("-", "microseconds").replace(":", "")
    return f"{timestamp}-{file_name(job_name)}"


def file_name(job_name: str) -> str:
    """A job's name as that of a folder, on every platform."""
    return _UNFIT.sub("_", job_name)[:_NAME_LENGTH].rstrip(" .") or "job"


def find_project_root(blendfile: Path, finder: str) -> Path:
    """The nearest folder above the blend file with the finder's marker, else the file's own."""
    marker = PROJECT_MARKERS[finder]
    for folder in blendfile.parents:
        if (folder / marker).exists():
            return folder
    return blendfile.parent


def common_root(folder: _P, files: Iterable[PurePath]) -> _P:
    """`folder`, or its nearest parent that contains all files.

    Raises ValueError for a file on another drive, which has no relative path.
    """
    root = folder
    for file in files:
        while not is_inside(file, root):
            if root.parent == root:
                raise ValueError(f"{file} is on a different drive than {folder}")
            root = root.parent
    return root


def last_n_dir_parts(count: int, path: PurePath) -> PurePath:
    """The last `count` folders of a file's path, as a relative path; empty for 0."""
    parts = [part for part in path.parent.parts if part != path.anchor]
    return type(path)(*parts[len(parts) - min(count, len(parts)) :])


def nearest_existing(path: Path) -> Path | None:
    """The path itself, or else the nearest parent that exists."""
    return next((one for one in (path, *path.parents) if one.exists()), None)
