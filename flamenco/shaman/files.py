"""Identity of files, and the rules for their paths (reference rules §12)."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath

import attrs

from flamenco.shaman.errors import BadPath

_SHA = re.compile(r"[0-9a-f]{64}")
_CHECKOUT_REFUSES = "?*:;{}\\"
_OF_WINDOWS = frozenset(":\\")
"""Characters without one of which a part of a path is relative on Windows, too."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _sha(value: str) -> str:
    return value.lower()


@attrs.frozen
class FileKey:
    """Identity of a file: the SHA-256 of its content in hexadecimal, and its length in bytes."""

    sha: str = attrs.field(converter=_sha)
    size: int

    def __attrs_post_init__(self) -> None:
        if not _SHA.fullmatch(self.sha):
            raise BadPath(f"expected a SHA-256 of 64 hexadecimal digits, got {self.sha[:80]!r}")
        if not 0 <= self.size < 2**63:
            raise BadPath(f"expected a length in bytes, got {self.size}")


@attrs.frozen
class CheckoutFile:
    """A file, and its path in a checkout."""

    key: FileKey
    path: str


def checkout_path(text: str) -> PurePosixPath:
    """The path of a checkout, relative to the folder of all checkouts.

    Raises `BadPath`.
    """
    refused = sorted(set(text) & set(_CHECKOUT_REFUSES))
    if refused:
        raise BadPath(f"the checkout path {text!r} contains {' '.join(refused)}")
    if "/.." in text or "../" in text:
        raise BadPath(f"the checkout path {text!r} leaves its folder")
    return _inside(text, "checkout path")


def file_path(text: str) -> PurePosixPath:
    """The path of a file, relative to its checkout; safe on all platforms.

    Raises `BadPath`.
    """
    path = _inside(text, "path")
    may_be_windows = not _OF_WINDOWS.isdisjoint(text)
    if may_be_windows and any(PureWindowsPath(part).anchor for part in path.parts):
        raise BadPath(f"the path {text!r} is not relative on Windows")
    return path


DEEPEST = 100
"""Maximum number of parts of a path: folders, and the file."""


def _inside(text: str, what: str) -> PurePosixPath:
    path = PurePosixPath(text)
    if not path.parts:
        raise BadPath(f"the {what} {text!r} is empty")
    if len(path.parts) > DEEPEST:
        raise BadPath(f"the {what} {text!r} has more than {DEEPEST} parts")
    if path.is_absolute():
        raise BadPath(f"the {what} {text!r} is not relative")
    if ".." in text.replace("\\", "/").split("/"):
        raise BadPath(f"the {what} {text!r} leaves its folder")
    if _CONTROL.search(text) or not _can_be_stored(text):
        raise BadPath(f"the {what} {text!r} has characters that no file name can have")
    return path


def _can_be_stored(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def checked_tree(files: Iterable[CheckoutFile]) -> dict[PurePosixPath, FileKey]:
    """The files of a checkout by path, in their order.

    Raises `BadPath` if a path is bad, or names two different files, or a file and a folder.
    """
    tree: dict[PurePosixPath, FileKey] = {}
    for file in files:
        path = file_path(file.path)
        if tree.setdefault(path, file.key) != file.key:
            raise BadPath(f"the path {file.path!r} is named twice, with different files")
    parents = {path.parent for path in tree}
    folders = parents.union(*(each.parents for each in parents))
    if inside := next((path for path in tree if path in folders), None):
        raise BadPath(f"the path {str(inside)!r} is both a file and a folder")
    return tree


def once(files: Iterable[CheckoutFile]) -> dict[FileKey, CheckoutFile]:
    """The first file of each content, in their order."""
    asked: dict[FileKey, CheckoutFile] = {}
    for file in files:
        asked.setdefault(file.key, file)
    return asked
