"""Lists of frames as they were written, kept for as long as nothing in them changes.

A page asks for the states of all frames of a job each time it is opened, and many pages may show
the same job; scripts ask for the whole list. That of ten thousand frames takes a tenth of a second
and more to write.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping

import attrs

from flamenco.store import Reader, Touched

MOST_BYTES = 32 * 2**20
"""Maximum size of all lists together; those that nobody has asked for the longest go."""


KEPT_BYTES = 1024
"""Size of what is kept beside a list, and of the name of a worker."""


@attrs.frozen
class WrittenList:
    """A list of frames as JSON."""

    body: bytes
    etag: str
    """Digest of it."""
    workers: Mapping[str, str] = attrs.field(factory=dict)
    """The names of workers in it, which are changed without its job; {id: name}."""


Write = Callable[[], Awaitable[WrittenList]]
_Key = tuple[str, Hashable]


@attrs.define(eq=False)
class FrameLists:
    """The lists that were asked for last, each with the number of its job's last change."""

    _reader: Reader
    _touched: Touched
    _kept: OrderedDict[_Key, tuple[int, WrittenList]] = attrs.field(factory=OrderedDict)
    _size: int = 0

    async def get(self, job_id: str, what: Hashable, write: Write) -> WrittenList:
        """The answer to a question about a job's frames, written anew if they have changed."""
        key, touched = (job_id, what), self._touched.of(job_id)
        then, written = self._kept.get(key, (0, None))
        if written is None or then != touched or await self._is_outdated(written):
            written = await write()
        self._keep(key, touched, written)
        return written

    async def _is_outdated(self, written: WrittenList) -> bool:
        return await self._reader.worker_names(written.workers) != written.workers

    def _keep(self, key: _Key, touched: int, written: WrittenList) -> None:
        _, replaced = self._kept.pop(key, (0, None))
        self._kept[key] = (touched, written)
        self._size += _size_of(written) - (_size_of(replaced) if replaced else 0)
        while self._size > MOST_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._size -= _size_of(oldest)


def _size_of(written: WrittenList) -> int:
    return len(written.body) + KEPT_BYTES * (1 + len(written.workers))
