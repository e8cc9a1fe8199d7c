"""Reasons for failures that a Worker knows, and who should try the task after each."""

from collections.abc import Sequence
from enum import StrEnum

from flamenco.model.workers import Worker


class FailureKind(StrEnum):
    """Reasons for failures that a Worker can tell apart."""

    MISSING_FILE = "missing-file"
    MISSING_LIBRARY = "missing-library"
    """A .blend file that the job's file links to."""
    MISSING_SCENE = "missing-scene"
    NO_CAMERA = "no-camera"
    UNREADABLE_FILE = "unreadable-file"
    """No .blend file, or a broken one."""
    LFS_POINTER = "lfs-pointer"
    """A pointer of Git LFS where the .blend file should be."""
    NEWER_FILE = "newer-file"
    """Saved by a newer Blender than the Worker's."""
    SCRIPT_ERROR = "script-error"
    """In a script that the task itself gives to Blender."""
    MISSING_PROGRAM = "missing-program"
    MISSING_PLUGIN = "missing-plugin"
    MISSING_DEVICE = "missing-device"
    """The GPU that the job wants to render with is missing."""
    NO_DISPLAY = "no-display"
    """The render engine needs one."""
    SYSTEM_LIBRARY = "system-library"
    """A shared library that a program needs is not on the machine."""
    OUT_OF_MEMORY = "out-of-memory"
    GPU_OUT_OF_MEMORY = "gpu-out-of-memory"
    GPU_LOST = "gpu-lost"
    DISK_FULL = "disk-full"
    CANNOT_SAVE = "cannot-save"
    MISSING_FRAMES = "missing-frames"
    """A program ended well, but not all it was to save is there."""
    KILLED = "killed"
    """A signal that the Worker didn't send ended it."""
    SILENT = "silent"
    """It printed nothing for too long."""


UNABLE = frozenset(
    {
        FailureKind.NEWER_FILE,
        FailureKind.MISSING_PLUGIN,
        FailureKind.MISSING_DEVICE,
        FailureKind.NO_DISPLAY,
        FailureKind.SYSTEM_LIBRARY,
    }
)
"""Lacks of a Worker that it would still have the next time."""

HOPELESS = frozenset(
    {
        FailureKind.MISSING_SCENE,
        FailureKind.NO_CAMERA,
        FailureKind.LFS_POINTER,
        FailureKind.SCRIPT_ERROR,
    }
)
"""Faults of the job itself, which no Worker can mend."""

DOUBTFUL = frozenset({FailureKind.UNREADABLE_FILE})
"""Faults of the job itself, or of one Worker's way to its files: a second Worker tells which."""


def is_hopeless(kind: str, failures: int) -> bool:
    """True if no other worker needs to try a task that ``failures`` workers have failed."""
    return kind in HOPELESS or (kind in DOUBTFUL and failures > 1)


def alike(kind: str, failed: str, workers: Sequence[Worker]) -> list[Worker]:
    """Other workers of which it is known that they would fail for this reason, too.

    Those whose Blender is of the version that could not read the file.
    """
    if kind != FailureKind.NEWER_FILE:
        return []
    versions = {worker.id: _blenders(worker) for worker in workers}
    known = versions.get(failed)
    if not known:
        return []
    return [each for each in workers if each.id != failed and versions[each.id] == known]


def _blenders(worker: Worker) -> frozenset[str]:
    return frozenset(each.version for each in worker.specs.software if each.name == "blender")
