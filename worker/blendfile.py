"""Heads of .blend files: why Blender cannot read one."""

import re
from pathlib import Path

from flamenco.model.reasons import FailureKind
from flamenco.protocol import Failure

_HEAD = re.compile(rb"BLENDER(?:[-_][vV](\d)(\d\d)|(?:\d\d)-\d\dv(\d\d)(\d\d))")
"""12 bytes up to Blender 4, `BLENDER-v304`; 17 since 5.0, `BLENDER17-01v0500`."""
_POINTER = b"version https://git-lfs.github.com/spec/"
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


def why_unreadable(path: Path) -> Failure:
    """The reason why Blender did not read a file. Blocks."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_POINTER))
    except OSError as error:
        return Failure(FailureKind.MISSING_FILE, f"cannot read {path}: {error.strerror}")
    if head == _POINTER:
        pulled = f"{path} is a pointer of Git LFS, not the file itself: run 'git lfs pull'"
        return Failure(FailureKind.LFS_POINTER, pulled)
    if match := _HEAD.match(head):
        major, minor = (int(each) for each in match.groups() if each)
        saved = f"this Blender cannot read {path}, which Blender {major}.{minor} saved"
        return Failure(FailureKind.NEWER_FILE, saved)
    if head.startswith(_COMPRESSED):
        unknown = f"this Blender cannot read {path}; it may be from a newer one, or broken"
        return Failure(FailureKind.NEWER_FILE, unknown)
    return Failure(FailureKind.UNREADABLE_FILE, f"{path} is not a .blend file")
