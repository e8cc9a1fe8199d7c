# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending files to the Manager, which keeps each content once (Shaman, reference add-on §7)."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from email.header import Header
from pathlib import Path

from .background import in_threads
from .checksums import checksums
from .client import PATIENCE, PAUSE, Client
from .errors import Aborted, ManagerRefused, ManagerUnreachable, PackFailed, UnexpectedAnswer
from .packing import Transfer
from .plan import PackPlan
from .remembered import Remembered

MOST_TIMES = 3
"""Number of times that one file is sent and taken."""

UPLOADS = 4
"""Number of files that are sent at the same time."""

_CHUNK = 256 * 1024
_DEFERRED, _OTHERWISE = 425, 417
_BUSY = frozenset({502, 503, 504})
_LATER = _BUSY | {_DEFERRED}

Content = tuple[str, int]
"""SHA-256 and size of a file."""


def check_out(
    plan: PackPlan,
    contents: Mapping[Path, Path],
    client: Client,
    name: str,
    key: str,
    remembered: Remembered,
    transfer: Transfer,
) -> str:
    """Send what the Manager does not have yet; returns the path of the checkout of it all.

    Of those in `contents` another file is sent. `key` is that of the submission. Raises
    FlamencoError.
    """
    sources = {plan.place_of(file): contents.get(file, file) for file in plan.files}
    known = checksums(sources.values(), remembered, transfer.abort)
    remembered.save()
    files = {place.as_posix(): known[source] for place, source in sources.items()}
    by_content = {known[source]: source for source in sources.values()}
    try:
        _Sending(client, files, by_content, remembered, transfer).run()
    except PackFailed:
        remembered.save()  # without what has changed
        raise
    if transfer.abort.is_set():
        raise Aborted
    return client.check_out(_listed(files), name, key)


def _listed(files: Mapping[str, Content]) -> list[dict[str, object]]:
    return [{"path": path, "sha": sha, "size": size} for path, (sha, size) in files.items()]


class _Sending:
    """Rounds of questions and uploads, until the Manager has everything."""

    def __init__(
        self,
        client: Client,
        files: Mapping[str, Content],
        sources: Mapping[Content, Path],
        remembered: Remembered,
        transfer: Transfer,
    ) -> None:
        self._client = client
        self._files = files
        self._sources = sources
        self._remembered = remembered
        self._transfer = transfer
        self._deferred: set[Content] = set()
        """Files that have been put off, and are not again."""
        self._taken: Counter[Content] = Counter()
        """Number of times that the Manager has taken each file."""
        self._failing_since: float | None = None
        """Moment of the first failure after the Manager last took, or put off, a file."""

    def run(self) -> None:
        """All rounds. After a break what has arrived is not sent again."""
        while wanted := self._wanted():
            self._transfer.total = sum(size for _, size in wanted) + self._transfer.copied
            tried = in_threads(self._try, wanted, UPLOADS)
            failures = [one for one in tried if one is not None]
            if self._transfer.abort.is_set():
                raise Aborted
            if failures:
                self._pause_after(failures[0])

    def _pause_after(self, failure: Exception) -> None:
        """Raises the failure if nothing else has come for too long."""
        if self._failing_since is None:
            self._failing_since = time.monotonic()
        if time.monotonic() - self._failing_since > PATIENCE:
            raise failure
        if self._transfer.abort.wait(PAUSE):
            raise Aborted

    def _wanted(self) -> list[Content]:
        """Files to be sent; last, those that somebody else is sending at the moment."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._client.required(_listed(self._files))
                break
            except (ManagerUnreachable, ManagerRefused) as ex:
                is_over = isinstance(ex, ManagerRefused) and ex.status not in _BUSY
                if is_over or time.monotonic() > until:
                    raise
            if self._transfer.abort.wait(PAUSE):
                raise Aborted
        answer.sort(key=lambda one: one["status"] == "uploading")
        wanted = dict.fromkeys((str(one["sha"]), int(one["size"])) for one in answer)
        if any(self._taken[content] == MOST_TIMES for content in wanted):
            raise PackFailed(
                "The Manager takes a file, and lacks it afterwards. Its log may say what is wrong "
                "with the shared storage"
            )
        if not self._sources.keys() >= wanted.keys():
            raise UnexpectedAnswer(self._client.url, "it asks for files that nobody offered")
        return list(wanted)

    def _try(self, content: Content) -> Exception | None:
        """Send a file; returns why that has to be tried again."""
        source = self._sources[content]
        name = source.name.encode("utf-8", "replace").decode()
        headers = {"X-Shaman-Original-Filename": Header(name).encode(linesep="")}
        if content not in self._deferred:
            headers["X-Shaman-Can-Defer-Upload"] = "true"
        read: list[int] = []
        try:
            self._client.upload(*content, headers, self._pieces(source, content[1], read))
        except (ManagerUnreachable, ManagerRefused) as ex:
            self._transfer.copied -= sum(read)
            status = ex.status if isinstance(ex, ManagerRefused) else None
            if status == _OTHERWISE:
                raise self._changed(source) from ex
            if status is not None and status not in _LATER:
                raise
            if status == _DEFERRED:
                self._failing_since = None
            self._deferred.add(content)
            return ex
        self._failing_since = None
        self._taken[content] += 1
        return None

    def _changed(self, source: Path) -> PackFailed:
        self._remembered.forget(source)
        return PackFailed(
            f"{source} has changed while it was sent. Submit again when it is finished"
        )

    def _pieces(self, source: Path, size: int, read: list[int]) -> Iterator[bytes]:
        """The file, which has to have this size."""
        left = size
        try:
            with source.open("rb") as reader:
                while chunk := reader.read(_CHUNK):
                    if self._transfer.abort.is_set():
                        raise Aborted
                    left -= len(chunk)
                    if left < 0:
                        break
                    yield chunk
                    read.append(len(chunk))
                    self._transfer.copied += len(chunk)
            if left:
                raise self._changed(source)
        except OSError as ex:
            raise PackFailed(f"{source} cannot be read: {ex.strerror}") from ex
