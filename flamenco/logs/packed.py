"""Compressed files of logs, beside which nothing changes for their readers. Blocks.

A packed log is Zstandard in frames of `FRAME_BYTES` of the log, each by itself, and a table of
their lengths at its end: Zstandard's seekable format, which its programs unpack as any other. So
what lies far behind is read without all before it.

A log is packed and unpacked into a new file, which replaces the old one when it is on the disk. If
both are there after a crash, the plain one counts: it is whole, and may be newer.
"""

import errno
import io
import os
import shutil
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from flamenco.disks import sync_content, sync_folder

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SUFFIX = ".zst"
BEGUN = ".begun"
FRAME_BYTES = 2**20
PIECE_BYTES = 2**16
RESERVE_BYTES = 2**26
"""Free space of the disk that packing a log leaves, even if it becomes no smaller."""

_SKIPPED, _SEEKABLE = 0x184D2A5E, 0x8F92EAB1
_HEAD, _ENTRY, _FOOT = struct.Struct("<II"), struct.Struct("<II"), struct.Struct("<IBI")


def packed_path(path: Path) -> Path:
    """The path that a log has when it is packed."""
    return path.with_name(path.name + SUFFIX)


def pack(path: Path, lock: Lock) -> bool:
    """Pack a log. Raises OSError.

    Returns False if it was written meanwhile, or the disk might become full, and it stays as it is.
    """
    before = path.stat()
    if shutil.disk_usage(path.parent).free < before.st_size + RESERVE_BYTES:
        return False
    with _begun(path) as begun:
        with path.open("rb") as source:
            _write(begun, _frames(source))
        with lock:
            now = path.stat()
            if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                begun.unlink()
                return False
            begun.replace(packed_path(path))
            sync_folder(path.parent)
            path.unlink()
    return True


def unpack(path: Path) -> None:
    """Make a packed log a plain one again, if it is not that already. Raises OSError."""
    packed = packed_path(path)
    if path.exists() or not packed.exists():
        return
    with _begun(path) as begun:
        with open_log(path) as source:
            _write(begun, iter(partial(source.read, FRAME_BYTES), b""))
        begun.replace(path)
        sync_folder(path.parent)
    packed.unlink()


@contextmanager
def _begun(path: Path) -> Iterator[Path]:
    """The path of a log's new file, which does not stay on the disk if something fails."""
    begun = path.with_name(path.name + BEGUN)
    try:
        yield begun
    except BaseException:
        with suppress(OSError):
            begun.unlink()
        raise


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file, until it is on the disk. Raises OSError."""
    with path.open("wb") as target:
        target.writelines(pieces)
        target.flush()
        sync_content(target.fileno())


def open_log(path: Path) -> BinaryIO:
    """A log, packed or not, open for reading. Raises FileNotFoundError, OSError."""
    for _ in range(2):  # it may be packed, or unpacked, between the two looks
        with suppress(FileNotFoundError):
            return path.open("rb")
        with suppress(FileNotFoundError):
            return io.BufferedReader(_Packed(packed_path(path)), PIECE_BYTES)
    return path.open("rb")


def size_of(path: Path) -> int:
    """Length of a log in bytes, packed or not. Raises FileNotFoundError, OSError."""
    with open_log(path) as log:
        return log.seek(0, os.SEEK_END)


def _frames(source: BinaryIO) -> Iterator[bytes]:
    lengths = list[tuple[int, int]]()
    while content := source.read(FRAME_BYTES):
        frame = zstd.compress(content)
        lengths.append((len(frame), len(content)))
        yield frame
    yield _HEAD.pack(_SKIPPED, len(lengths) * _ENTRY.size + _FOOT.size)
    yield from (_ENTRY.pack(*each) for each in lengths)
    yield _FOOT.pack(len(lengths), 0, _SEEKABLE)


class _Packed(io.RawIOBase):
    """A packed log as if it were plain."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            lengths = _table(self._file)
        except BaseException:
            self._file.close()
            raise
        self._starts = [0, *accumulate(packed for packed, _ in lengths)]
        self._size = sum(plain for _, plain in lengths)
        self._at, self._number, self._content = 0, -1, b""

    def fileno(self) -> int:
        return self._file.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        number, inside = divmod(self._at, FRAME_BYTES)
        if number != self._number:
            self._number, self._content = number, self._frame(number)
        piece = self._content[inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _frame(self, number: int) -> bytes:
        begin, end = self._starts[number : number + 2]
        self._file.seek(begin)
        try:
            return zstd.decompress(self._file.read(end - begin))
        except zstd.ZstdError as error:
            raise OSError(errno.EIO, f"the packed log is damaged: {error}") from None

    def close(self) -> None:
        self._file.close()
        super().close()


def _table(file: BinaryIO) -> list[tuple[int, int]]:
    """Lengths of the frames, packed and plain. Raises OSError if they can't be read."""
    size = file.seek(0, os.SEEK_END)
    try:
        file.seek(max(0, size - _FOOT.size))
        count, _, magic = _FOOT.unpack(file.read())
        if magic != _SEEKABLE:
            raise struct.error
        file.seek(size - _FOOT.size - count * _ENTRY.size)
        return list(_ENTRY.iter_unpack(file.read(count * _ENTRY.size)))
    except (struct.error, OSError):
        raise OSError(errno.EIO, "the packed log is damaged: its table can't be read") from None
