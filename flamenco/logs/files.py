"""Files of the tasks' logs.

The database knows the length of a log, and writing begins there. Anything a crash left after that
point is overwritten, so a chunk that a worker sends again is in the log once.
"""

import errno
import logging
import os
from pathlib import Path, PurePosixPath

import attrs
import trio

logger = logging.getLogger(__name__)

OF_ONE_FILE = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
    }
)
"""Errors that concern one file or folder, and not the disk."""

TAIL_BYTES = 2048
"""Maximum length of the tail of a log (reference rules §10)."""


def job_folder(job_id: str) -> PurePosixPath:
    """The folder of a job, relative to the Manager's local storage."""
    return PurePosixPath(f"job-{job_id[:4]}") / job_id


@attrs.frozen
class TaskLogs:
    """The task logs below the Manager's local storage ``root``."""

    root: Path
    _threads: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(4))

    def relative(self, job_id: str, task_id: str) -> PurePosixPath:
        """The path of a log below the root, as used in URLs."""
        return job_folder(job_id) / f"task-{task_id}.txt"

    def has_any(self) -> bool:
        """True if there is anything of any job. Blocks: for the store's thread."""
        return any(True for _ in self.root.glob("job-*/*"))

    def append(self, job_id: str, task_id: str, offset: int, content: bytes) -> None:
        """Write at byte ``offset``, and cut off the rest. Blocks: for the store's thread.

        A concurrent reader never finds the log shorter than before, unless it becomes shorter.

        Where the file or its folder alone can't be written, the lines are lost, since the task is
        worth more. Raises OSError if the whole disk is in trouble.
        """
        path = str(self.root / self.relative(job_id, task_id))
        try:
            try:
                _write(path, offset, content)
            except FileNotFoundError:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                _write(path, offset, content)
        except OSError as error:
            if error.errno not in OF_ONE_FILE:
                raise
            logger.warning("cannot write to the log of task %s: %s", task_id, error)

    async def tail(self, job_id: str, task_id: str) -> str | None:
        """The last whole lines of a log, or None if there is none."""
        path = self.root / self.relative(job_id, task_id)
        return await trio.to_thread.run_sync(_tail, path, limiter=self._threads)

    async def size(self, job_id: str, task_id: str) -> int | None:
        """Length of a log in bytes, or None if there is none."""
        path = trio.Path(self.root / self.relative(job_id, task_id))
        try:
            return (await path.stat()).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None


def _write(path: str, offset: int, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    try:
        os.lseek(file, offset, os.SEEK_SET)
        written = os.write(file, content)
        os.ftruncate(file, offset + written)
    finally:
        os.close(file)
    if written != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def _tail(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            content = file.read()
    except FileNotFoundError:
        return None
    return _whole_lines(content) if size > TAIL_BYTES else content.decode(errors="replace")


def tail_of(content: bytes) -> str:
    """The last whole lines of a log (reference rules §10)."""
    if len(content) <= TAIL_BYTES:
        return content.decode(errors="replace")
    return _whole_lines(content[-TAIL_BYTES:])


def _whole_lines(content: bytes) -> str:
    """The content without an incomplete first line, unless that is all there is."""
    _, _, whole = content.partition(b"\n")
    return (whole or content).decode(errors="replace")
