"""Logs as files that are served, packed or not, as a whole or in ranges."""

import os
from functools import partial
from pathlib import Path
from zlib import adler32

import trio
from quart import Response, request
from quart_trio.wrappers.response import TrioFileBody
from werkzeug.exceptions import NotFound as NoSuchFile

from flamenco.logs import open_log
from web.serving import FarmResponse, FileBody

LOG_ENDING = ".txt"


class LogBody(FileBody):
    """A log of so many bytes, which may be packed meanwhile."""

    def __init__(self, path: Path, size: int) -> None:
        self.file_path, self.size = path, size
        self._open = partial(open_log, path)
        self.begin, self.end = 0, size
        self.file = None

    async def __aenter__(self) -> TrioFileBody:
        log = await trio.to_thread.run_sync(self._open)
        self.file = trio.wrap_file(log)
        try:
            await self.file.seek(self.begin)
        except BaseException:
            log.close()
            raise
        return self


async def log_file(path: Path) -> Response:
    """The answer with a log. Raises `NoSuchFile`."""
    try:
        size, written = await trio.to_thread.run_sync(_about, path)
    except (OSError, ValueError):  # also a name that no file can have
        raise NoSuchFile from None
    answer = FarmResponse(LogBody(path, size), mimetype="text/plain")
    answer.content_length, answer.last_modified = size, written  # type: ignore[assignment]
    answer.cache_control.public, answer.cache_control.max_age = True, 0
    answer.set_etag(f"{size}-{adler32(bytes(path))}")
    await answer.make_conditional(request, accept_ranges=True, complete_length=size)
    return answer


def _about(path: Path) -> tuple[int, float]:
    """Length of a log, and the time of its file, which may be packed meanwhile."""
    with open_log(path) as log:
        return log.seek(0, os.SEEK_END), os.fstat(log.fileno()).st_mtime
