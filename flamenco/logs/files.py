"""Files of the tasks' logs.

The database knows the length of a log, and writing begins there. Anything a crash left after that
point is overwritten, so a chunk that a worker sends again is in the log once. The database must not
know of lines that a power cut could take away, so the files of a commit are synced before it.

A log that can't be written costs its lines, and nothing else: the task is worth more. They are
named as lost where they should be, as soon as it can be written again.
"""

import errno
import logging
import os
import re
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from threading import Lock

import attrs
import trio

from flamenco import disks
from flamenco.logs.packed import open_log, pack, size_of, unpack

logger = logging.getLogger(__name__)

TAIL_BYTES = 2048
"""Maximum length of the tail of a log (reference rules §10)."""

SYNCED_AT_ONCE = 16
"""Maximum number of files that are synced at once. File systems make one of what comes together:
on ext4, 64 files take 10 ms this way, and 200 ms one after the other."""

PADDED_AT_ONCE = 2**20
"""Maximum number of bytes in memory when those that a log lacks are filled up."""

NO_TROUBLE = (errno.ENOENT, errno.EINVAL, errno.ENOTSUP)
"""Errors of a sync that mean nothing: the job was deleted in the meantime, or the drive, like some
on the network, doesn't sync."""


def job_folder(job_id: str) -> PurePosixPath:
    """The folder of a job, relative to the Manager's local storage."""
    return PurePosixPath(f"job-{job_id[:4]}") / job_id


@attrs.frozen
class TaskLogs:
    """The task logs below the Manager's local storage ``root``."""

    root: Path
    _troubled: set[Path] = attrs.field(factory=set)
    """Logs that could not be written when it was tried last."""
    _threads: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(4))
    _lock: Lock = attrs.field(factory=Lock, repr=False)
    """Held while a log is written, and while a packed one takes its place."""

    def folder(self, job_id: str) -> Path:
        """The folder with the logs of a job, which may not be there."""
        return self.root / job_folder(job_id)

    def relative(self, job_id: str, task_id: str) -> PurePosixPath:
        """The path of a log below the root, as used in URLs."""
        return job_folder(job_id) / f"task-{task_id}.txt"

    def has_any(self) -> bool:
        """True if there is anything of any job. Blocks: for the store's thread."""
        return any(True for _ in self.root.glob("job-*/*"))

    def append(self, job_id: str, task_id: str, offset: int, content: bytes) -> Path | None:
        """Write at byte ``offset``, and cut off the rest. Blocks: for the store's thread.

        Returns the file, which is to be synced, or None if it can't be written. A concurrent reader
        never finds the log shorter than before, unless it becomes shorter. Bytes that should come
        before ``offset`` and aren't there are named as lost.
        """
        path = self.root / self.relative(job_id, task_id)
        try:
            with self._lock:
                unpack(path)
                try:
                    lost = _write(path, offset, content)
                except FileNotFoundError:
                    disks.make_below(self.root, path.parent)
                    lost = _write(path, offset, content)
        except OSError as error:
            self._tell(path, error)
            return None
        if lost:
            logger.warning("the log of task %s has lost %d bytes, and says so", task_id, lost)
        return path

    def _tell(self, path: Path, error: OSError) -> None:
        """Say that a log can't be written, once until it is on the disk again."""
        if path not in self._troubled:
            self._troubled.add(path)
            task_id = path.stem.removeprefix("task-")
            logger.warning("cannot write to the log of task %s: %s", task_id, error)

    def sync(self, files: Collection[Path]) -> None:
        """Wait until the files are on the disk. Blocks: for the store's thread."""
        if len(files) <= 1:
            for each in files:
                self._sync(each)
            return
        with ThreadPoolExecutor(min(len(files), SYNCED_AT_ONCE)) as pool:
            list(pool.map(self._sync, files))

    def _sync(self, path: Path) -> None:
        try:
            _sync_file(path)
        except OSError as error:
            if error.errno not in NO_TROUBLE:
                self._tell(path, error)
                return
        self._troubled.discard(path)

    async def tail(self, job_id: str, task_id: str) -> str | None:
        """The last whole lines of a log, or None if there is none."""
        path = self.root / self.relative(job_id, task_id)
        return await trio.to_thread.run_sync(_tail, path, limiter=self._threads)

    async def size(self, job_id: str, task_id: str) -> int | None:
        """Length of a log in bytes, or None if there is none."""
        path = self.root / self.relative(job_id, task_id)
        try:
            return await trio.to_thread.run_sync(size_of, path, limiter=self._threads)
        except (FileNotFoundError, NotADirectoryError):
            return None

    async def quiet_jobs(self, since: datetime) -> list[str]:
        """Ids of jobs with plain logs, none of which was written ``since`` then."""
        return await trio.to_thread.run_sync(_quiet, self.root, since.timestamp())

    async def pack(self, job_id: str) -> int:
        """Compress the logs of a job; returns how many. One that can't be stays as it is."""
        return await trio.to_thread.run_sync(self._pack, job_id, limiter=self._threads)

    def _pack(self, job_id: str) -> int:
        packed = 0
        for path in sorted(self.folder(job_id).glob("task-*.txt")):
            trio.from_thread.check_cancelled()
            try:
                packed += pack(path, self._lock)
            except FileNotFoundError:  # the job was deleted
                break
            except OSError as error:
                logger.warning("cannot compress %s: %s", path, error)
                break
        return packed


def _write(path: Path, offset: int, content: bytes) -> int:
    """Write to a file; returns the number of bytes before ``offset`` that it lacked."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    try:
        begin = min(offset, os.fstat(file).st_size)
        lost = offset - begin
        os.lseek(file, begin, os.SEEK_SET)
        if lost:
            _pad(file, begin, lost)
        written = os.write(file, content)
        os.ftruncate(file, offset + written)
    finally:
        os.close(file)
    if written != len(content):
        raise _full()
    return lost


def _pad(file: int, begin: int, count: int) -> None:
    """Write lines in the place of so many bytes that aren't there, or nothing if it can't be."""
    try:
        for piece in _lost(begin, count):
            if os.write(file, piece) != len(piece):
                raise _full()
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, begin)
        raise


def _lost(begin: int, count: int) -> Iterator[bytes]:
    """The pieces of these lines: one sentence, repeated as often as it fits.

    What follows keeps its place, by which whoever follows the log goes on, and there is no hole,
    which would be read as NULs. Readers that know the sentence show it once (`once`).
    """
    line = f"[{count} bytes of this log are lost, from byte {begin} on]\n".encode()
    if count <= len(line):
        yield (b"\n" + line)[: count - 1] + b"\n"
        return
    left = count - 1
    yield b"\n"
    at_once = line * (PADDED_AT_ONCE // len(line))
    while left >= len(at_once) + len(line):
        yield at_once
        left -= len(at_once)
    times, rest = divmod(left, len(line))
    yield line * (times - 1) + line[:-1] + b"." * rest + b"\n"


_LOST = re.compile(r"\[\d+ bytes of this log are lost, from byte \d+ on\]\.*")


def once(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a log, each sentence about what is lost of it once."""
    before = ""
    for line in lines:
        found = _LOST.fullmatch(line.rstrip("\n"))
        if found is None or found[0].rstrip(".") != before:
            yield line
        before = found[0].rstrip(".") if found else ""


def _full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_file(path: Path) -> None:
    file = os.open(path, os.O_RDWR)
    try:
        disks.sync_content(file)
    finally:
        os.close(file)


def _quiet(root: Path, since: float) -> list[str]:
    found = list[str]()
    for folder in root.glob("job-*/*"):
        with suppress(OSError):
            times = [each.stat().st_mtime for each in folder.glob("task-*.txt")]
            if times and max(times) < since:
                found.append(folder.name)
    return found


def _tail(path: Path) -> str | None:
    try:
        with open_log(path) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            content = file.read()
    except FileNotFoundError:
        return None
    return _whole_lines(content) if size > TAIL_BYTES else _text(content)


def tail_of(content: bytes) -> str:
    """The last whole lines of a log (reference rules §10)."""
    if len(content) <= TAIL_BYTES:
        return _text(content)
    return _whole_lines(content[-TAIL_BYTES:])


def _whole_lines(content: bytes) -> str:
    """The content without an incomplete first line, unless that is all there is."""
    _, _, whole = content.partition(b"\n")
    return _text(whole or content)


def _text(content: bytes) -> str:
    return "".join(once(content.decode(errors="replace").splitlines(keepends=True)))
