"""Checkouts: folders of links to stored files. Everything here blocks and belongs in threads.

Links are symbolic and relative, so that a checkout works on every machine that sees the shared
storage, under whatever path. Where the storage does not support them (Windows without the right to
create them, some network drives) they are hard links. The operator may have chosen another kind.
"""

import errno
import os
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path, PurePosixPath
from threading import Lock

import attrs

from flamenco.model.links import LinkKind
from flamenco.shaman.copies import Copies, time_of_copies
from flamenco.shaman.errors import BadPath, MissingFiles, NoFreePath
from flamenco.shaman.files import CheckoutFile, FileKey, checked_tree, checkout_path
from flamenco.shaman.folders import Tree
from flamenco.shaman.linking import OWN_FILES, Entry, make
from flamenco.shaman.store import FileStore

ATTEMPTS = 10
SUFFIX_LENGTH = 4
_SUFFIX_LETTERS = string.ascii_lowercase + string.digits
_NAMED_MISSING = 10  # in an error

_BAD_NAME = {
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.EEXIST,
    errno.EINVAL,
    errno.EILSEQ,
}


@attrs.frozen
class Checkouts:
    """The checkouts in ``tree``."""

    tree: Tree
    store: FileStore
    copies: Copies
    kind: LinkKind = LinkKind.RELATIVE
    """Kind of the entries in new ones."""
    _lock: Lock = attrs.field(factory=Lock, init=False, repr=False)
    """Held while folders come and go, so that no folder about to be used is removed as empty."""

    def reserve(
        self, wanted: str, files: Iterable[CheckoutFile], now: float
    ) -> tuple[PurePosixPath, Mapping[PurePosixPath, FileKey]]:
        """The empty folder of a new checkout, which gets a suffix if it is taken, and its files.

        Raises `BadPath`, `MissingFiles`, `NoFreePath`, OSError.
        """
        path, tree = checkout_path(wanted), checked_tree(files)
        if absent := frozenset(self.store.absent(dict.fromkeys(tree.values()), now)):
            raise MissingFiles(_missing([str(path) for path, key in tree.items() if key in absent]))
        return self._own_folder(path), tree

    def _own_folder(self, path: PurePosixPath) -> PurePosixPath:
        """A new folder that belongs to this checkout alone."""
        for attempt in range(ATTEMPTS):
            place = path if not attempt else PurePosixPath(f"{path}-{_suffix()}")
            with self._lock:
                try:
                    with self.tree.folder(place.parent, make=True) as above:
                        above.mkdir(place.name)
                except FileExistsError:
                    continue
                except OSError as error:
                    self.tree.remove_empty(place.parent)
                    raise _refused(error, path) from None
            return place
        raise NoFreePath(f"the checkout path {str(path)!r} is taken, and so are its variants")

    def fill(
        self, checkout: PurePosixPath, tree: Mapping[PurePosixPath, FileKey], now: float
    ) -> None:
        """Link its files into a checkout at ``now``. Raises `BadPath`, `StorageFailed`, OSError."""
        time = time_of_copies(now)
        if self.kind in OWN_FILES:
            self.copies.note(checkout, tree, time)
        by_folder: dict[PurePosixPath, list[PurePosixPath]] = {}
        for path in tree:
            by_folder.setdefault(path.parent, []).append(path)
        with self.tree.folder(checkout) as folder:
            for parent, paths in by_folder.items():
                path = paths[0]
                try:
                    with folder.inside(*parent.parts, make=True) as place:
                        stored = Path(
                            os.path.relpath(self.store.stored.path, place.path)
                        ).as_posix()
                        for path in paths:
                            key, name = tree[path], path.name
                            entry = Entry(self.store, key, place, name, stored, time)
                            make(self.kind, entry)
                except OSError as error:
                    raise _refused(error, path) from None

    def has_folder(self, path: PurePosixPath) -> bool:
        """True if there is a folder by this path, which is no link."""
        try:
            with self.tree.folder(path):
                return bool(path.parts)
        except (OSError, ValueError):
            return False

    def holds(self, path: PurePosixPath) -> bool:
        """True if the folder of a checkout is there."""
        try:
            return self.has_folder(path) and self.is_own(path)
        except OSError:
            return False

    def is_own(self, path: PurePosixPath) -> bool:
        """True unless there is a folder by this path that Shaman did not make. Raises OSError.

        Earlier versions recorded whatever path a job told, also of a folder in which somebody
        works. Shaman's has no files, or a link to a stored one.
        """
        return any(True for _ in self.links(path)) or not any(True for _ in self.tree.walk(path))

    def links(self, path: PurePosixPath) -> Iterator[PurePosixPath]:
        """The links to stored files below a folder, which may be gone, and its unchanged copies.

        Hard links come last: to know them, stored files are looked at until all are found. Raises
        OSError.
        """
        yield from self.copies.unchanged(path, self.tree)
        stored, linked = self.store.stored, dict[tuple[int, int], list[PurePosixPath]]()
        for found in self.tree.walk(path):
            if found.entry.is_symlink():
                if Path(os.path.realpath(self.tree.path / found.path)).is_relative_to(stored.path):
                    yield found.path
            elif (about := found.about()).st_nlink > 1:
                linked.setdefault((about.st_dev, about.st_ino), []).append(found.path)
        blobs = stored.walk() if linked else iter(())
        while linked and (blob := next(blobs, None)):
            about = blob.about()
            yield from linked.pop((about.st_dev, about.st_ino), ())

    def has_only_links(self, path: PurePosixPath) -> bool:
        """True if there are links below a folder, symbolic or hard ones, and no other files.

        Raises OSError.
        """
        kinds = {
            found.entry.is_symlink() or found.about().st_nlink > 1 for found in self.tree.walk(path)
        }
        return kinds == {True}

    def is_older(self, path: PurePosixPath, oldest: float) -> bool:
        """True unless a checkout was changed at ``oldest`` or later. It may be gone.

        Raises OSError, also if the folder of all checkouts is gone: its disk may be missing.
        """
        with self.tree.folder():
            pass
        with suppress(FileNotFoundError), self.tree.folder(path.parent) as above:
            return above.stat(path.name).st_mtime < oldest
        return True

    def empty(
        self,
        path: PurePosixPath,
        links: Iterable[PurePosixPath],
        others: AbstractSet[PurePosixPath],
    ) -> None:
        """Remove ``links`` and empty folders from a checkout, but nothing of ``others`` inside it.

        What Shaman did not make stays: somebody's work, or what a task wrote there. Its folder
        stays, too, so that no other takes its path. It may be gone. Raises OSError.
        """
        for each in links:
            if others.isdisjoint((each, *each.parents)):
                with suppress(FileNotFoundError):
                    self.tree.remove(each)
        self.tree.remove_empty_below(path, others)
        self.copies.forget(path)

    def release(self, path: PurePosixPath) -> None:
        """Remove the folder of a checkout if it is empty, and the empty folders above it."""
        with self._lock:
            self.tree.remove_empty(path)


def _refused(error: OSError, path: PurePosixPath) -> Exception:
    if error.errno in _BAD_NAME:
        return BadPath(f"the path {str(path)!r} can't be created: {error.strerror}")
    return error


def _suffix() -> str:
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(SUFFIX_LENGTH))


def _missing(paths: list[str]) -> str:
    more = len(paths) - _NAMED_MISSING
    listed = ", ".join(paths[:_NAMED_MISSING]) + (f" and {more} more" if more > 0 else "")
    return f"these files have not been sent yet: {listed}"
