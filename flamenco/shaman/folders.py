"""Folders of the shared storage, below which no link is followed. Blocks and belongs in threads.

Whoever runs a task may write in the shared storage. A link there could lead the Manager to files of
its own machine, which it would then overwrite or erase. So the root of the storage is resolved
once, and from there each folder is opened in the one above it. What is done in a folder goes
through that open folder, even if a link takes its place in the meantime. Windows has no such calls:
there each folder is looked at just before, and creating links needs a right of its own.
"""

import errno
import os
import stat
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import attrs

_CAN_OPEN = os.open in os.supports_dir_fd
_OPEN = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | os.O_RDONLY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_OLD = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NO_NAMES = ("", os.curdir, os.pardir)
_SEPARATORS = frozenset({os.sep, os.altsep or os.sep})
_REPARSE_POINT = 0x400  # Windows: FILE_ATTRIBUTE_REPARSE_POINT of links and junctions
_MAY_BE_A_LINK = {errno.ELOOP, errno.ENOTDIR}
_NOT_EMPTY_OR_GONE = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}

LINK_IN_THE_WAY = "it is a link, and the Manager follows none in the shared storage"


@attrs.frozen
class Folder:
    """A folder, open for as long as the context manager that gave it. Its methods raise OSError."""

    path: Path
    _fd: int | None
    """Descriptor that the calls start from; None on Windows, where they start from the path."""

    @contextmanager
    def inside(self, *parts: str, make: bool = False) -> Iterator["Folder"]:
        """A folder below this one; ``make`` creates what is missing of its path."""
        folder, mine = self, None
        try:
            for part in parts:
                if make:
                    with suppress(FileExistsError):
                        folder.mkdir(part)
                inner = folder._open(part)
                if mine is not None:
                    os.close(mine)
                folder, mine = Folder(folder.path / part, inner), inner
            yield folder
        finally:
            if mine is not None:
                os.close(mine)

    def _open(self, name: str) -> int | None:
        if not _CAN_OPEN:
            if _is_link(self.stat(name)):
                raise OSError(errno.ELOOP, LINK_IN_THE_WAY, str(self.path / name))
            return None
        try:
            return os.open(self._at(name), _OPEN, dir_fd=self._fd)
        except OSError as error:
            if error.errno in _MAY_BE_A_LINK and _is_link(self.stat(name)):
                raise OSError(errno.ELOOP, LINK_IN_THE_WAY, str(self.path / name)) from None
            raise

    def _at(self, name: str) -> str:
        if name in _NO_NAMES or not _SEPARATORS.isdisjoint(name):
            raise OSError(errno.EINVAL, "it leads out of the shared storage", name)
        return name if self._fd is not None else str(self.path / name)

    def stat(self, name: str) -> os.stat_result:
        """Status of a file, folder or link."""
        return os.stat(self._at(name), dir_fd=self._fd, follow_symlinks=False)

    def peek(self, path: str) -> os.stat_result:
        """Status of what lies at a path below, perhaps behind links: to know, not to change it."""
        where = path if self._fd is not None else str(self.path / path)
        return os.stat(where, dir_fd=self._fd, follow_symlinks=False)

    def set_time(self, name: str, time: float) -> None:
        """Set the time of a file's last change."""
        if _CAN_OPEN:
            os.utime(self._at(name), (time, time), dir_fd=self._fd, follow_symlinks=False)
        else:
            os.utime(self._at(name), (time, time))

    def read(self, name: str) -> BinaryIO:
        """A file, open for reading, and no link."""
        return os.fdopen(os.open(self._at(name), _OLD, dir_fd=self._fd), "rb")

    def create(self, name: str) -> BinaryIO:
        """A new file, open for writing."""
        return os.fdopen(os.open(self._at(name), _NEW, 0o666, dir_fd=self._fd), "wb", buffering=0)

    def mkdir(self, name: str) -> None:
        os.mkdir(self._at(name), dir_fd=self._fd)

    def rmdir(self, name: str) -> None:
        os.rmdir(self._at(name), dir_fd=self._fd)

    def unlink(self, name: str) -> None:
        os.unlink(self._at(name), dir_fd=self._fd)

    def symlink(self, name: str, target: str) -> None:
        os.symlink(target, self._at(name), dir_fd=self._fd)

    def hard_link(self, name: str, there: "Folder", file: str) -> None:
        """Give the file ``file`` of the folder ``there`` another name, here."""
        source, target = there._at(file), self._at(name)
        os.link(source, target, src_dir_fd=there._fd, dst_dir_fd=self._fd, follow_symlinks=False)

    def rename(self, name: str, there: "Folder", to: str) -> None:
        """Move a file of this folder to the folder ``there``; it replaces one there."""
        os.replace(self._at(name), there._at(to), src_dir_fd=self._fd, dst_dir_fd=there._fd)

    def move(self, name: str, there: "Folder", to: str) -> None:
        """Move a file of this folder to the folder ``there``, for good; it replaces one there."""
        self.rename(name, there, to)
        if there._fd is not None:
            with suppress(OSError):  # some network drives don't sync folders
                os.fsync(there._fd)

    def scan(self, most: int | None = None) -> list[os.DirEntry[str]]:
        """Its entries, ``most`` at most."""
        with os.scandir(self.path if self._fd is None else self._fd) as entries:
            return list(islice(entries, most))


def _is_link(about: os.stat_result) -> bool:
    attributes = getattr(about, "st_file_attributes", 0)
    return stat.S_ISLNK(about.st_mode) or bool(attributes & _REPARSE_POINT)


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))


@attrs.frozen
class Tree:
    """A folder ``top`` of the shared storage at ``root``, and all below it.

    Paths are relative to it. Methods raise OSError.
    """

    root: Path = attrs.field(converter=_resolved)
    """Resolved once; the operator may have put a link there."""
    top: PurePosixPath = attrs.field(converter=PurePosixPath)

    @property
    def path(self) -> Path:
        return self.root / self.top

    @contextmanager
    def folder(self, path: PurePosixPath | str = "", *, make: bool = False) -> Iterator[Folder]:
        """A folder; ``make`` creates what is missing of its path, but not the root."""
        fd = os.open(self.root, _OPEN) if _CAN_OPEN else None
        try:
            parts = (self.top / path).parts
            with Folder(self.root, fd).inside(*parts, make=make) as folder:
                yield folder
        finally:
            if fd is not None:
                os.close(fd)

    def walk(self, path: PurePosixPath | str = "") -> Iterator["Found"]:
        """All files and links below a folder, if it exists."""
        waiting = [PurePosixPath(path)]
        while waiting:
            place = waiting.pop()
            with suppress(FileNotFoundError), self.folder(place) as folder:
                for entry in folder.scan():
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(place / entry.name)
                    else:
                        yield Found(place / entry.name, entry)

    def remove(self, path: PurePosixPath) -> None:
        """Remove a file."""
        with self.folder(path.parent) as folder:
            folder.unlink(path.name)

    def remove_empty(self, path: PurePosixPath) -> None:
        """Remove a folder and those above it as long as they are empty, but not the top."""
        for each in (path, *path.parents):
            if not each.parts:
                return
            try:
                with self.folder(each.parent) as above:
                    above.rmdir(each.name)
            except OSError:
                return

    def remove_empty_below(self, path: PurePosixPath, others: AbstractSet[PurePosixPath]) -> None:
        """Remove the empty folders below a folder, if it exists, but not ``others`` or in these."""
        waiting, found = [path], list[PurePosixPath]()
        while waiting:
            place, inner = waiting.pop(), list[os.DirEntry[str]]()
            with suppress(FileNotFoundError), self.folder(place) as folder:
                inner = [each for each in folder.scan() if each.is_dir(follow_symlinks=False)]
            folders = [place / each.name for each in inner if place / each.name not in others]
            waiting += folders
            found += folders
        for each in reversed(found):
            try:
                with self.folder(each.parent) as above:
                    above.rmdir(each.name)
            except OSError as error:
                if error.errno not in _NOT_EMPTY_OR_GONE:
                    raise


@attrs.frozen
class Found:
    """A file or link below a tree."""

    path: PurePosixPath
    entry: os.DirEntry[str]

    def about(self) -> os.stat_result:
        """Its status. Raises OSError."""
        if not _CAN_OPEN:  # Windows lists folders without the numbers of files and of their links
            return os.lstat(self.entry.path)
        return self.entry.stat(follow_symlinks=False)
