"""The .blend files of the shared storage, which are found without following a link.

It blocks, and belongs in threads. A storage is as large as it is slow: what is looked at in one go
is bounded by time, and the next page goes on from there.
"""

import stat
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import attrs

from flamenco.manager.refusals import NotFound
from flamenco.shaman import Tree

SUFFIX = ".blend"
MOST_SECONDS = 3.0
"""Seconds after which a page ends with what was found so far."""
MOST_IN_FOLDER = 50_000
"""Maximum number of entries of a folder that are looked at."""
MOST_DEPTH = 100
"""Maximum number of folders in each other that are looked at."""
NOT_LISTED = "file-store"
"""Shaman's own folder."""

_Place = tuple[str, ...]
"""Parts of the path of a file or folder; a folder comes right before what is in it."""


@attrs.frozen
class BlendFile:
    """A .blend file, by its path below the storage."""

    path: PurePosixPath
    size: int
    modified: datetime


@attrs.frozen
class BlendFiles:
    """A part of the .blend files, in the order of their paths."""

    files: Sequence[BlendFile]
    next: _Place | None
    """Place at which there is more to look at."""


def blend_files(root: Path, search: str, after: _Place, limit: int) -> BlendFiles:
    """The files behind a place, in whose paths all words of ``search`` occur. Raises OSError."""
    tree, words = Tree(root, ""), search.casefold().split()
    ends = time.monotonic() + MOST_SECONDS
    files: list[BlendFile] = []
    last = after
    for place, is_folder in _behind(tree, (), after):
        if last != after and (len(files) == limit or time.monotonic() > ends):
            return BlendFiles(files, last)
        last = place
        name = "/".join(place).casefold()
        if not is_folder and name.endswith(SUFFIX) and all(word in name for word in words):
            about = _about(tree, PurePosixPath(*place))
            if about is not None:
                files.append(about)
    return BlendFiles(files, None)


def _behind(tree: Tree, folder: _Place, after: _Place) -> Iterator[tuple[_Place, bool]]:
    """The places in a folder behind one, and if each is a folder; links are left out."""
    try:
        with tree.folder(PurePosixPath(*folder)) as opened:
            entries = sorted(
                (entry.name, entry.is_dir(follow_symlinks=False))
                for entry in opened.scan(MOST_IN_FOLDER)
                if _is_listed(entry.name) and not entry.is_symlink()
            )
    except OSError:
        if not folder:
            raise
        return
    for name, is_folder in entries:
        place = (*folder, name)
        if place > after:
            yield place, is_folder
        goes_on = place > after or place == after[: len(place)]
        if is_folder and goes_on and len(place) < MOST_DEPTH:
            yield from _behind(tree, place, after)


def _is_listed(name: str) -> bool:
    """True unless it is hidden, Shaman's own, or no text, which no job can name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not name.startswith(".") and name != NOT_LISTED


def _about(tree: Tree, path: PurePosixPath) -> BlendFile | None:
    """Facts of a file; None if it is none."""
    try:
        with tree.folder(path.parent) as folder:
            about = folder.stat(path.name)
    except (OSError, ValueError):  # the latter of a name with a NUL
        return None
    if not stat.S_ISREG(about.st_mode):
        return None
    return BlendFile(path, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))


def blend_file(root: Path, text: str) -> Path:
    """The .blend file of the storage at a path, which may be relative to it. Raises `NotFound`."""
    path = Path(text)
    tree = Tree(root, "")
    for top in (root, tree.root):
        if path.is_relative_to(top):
            path = path.relative_to(top)
    inside = PurePosixPath(path.as_posix())
    known = None
    if not inside.is_absolute() and ".." not in inside.parts and inside.suffix.casefold() == SUFFIX:
        known = _about(tree, inside)
    if known is None:
        raise NotFound(f"{text}: expected a .blend file in {root}, and no link")
    return root / known.path
