"""Notices of the farm: how actors give them, and the actor that keeps the marks of readers."""

import shutil
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import attrs
import trio

import actors
from flamenco import clock
from flamenco.api.events import EventNotice
from flamenco.manager.events import worker_event
from flamenco.manager.services import Services
from flamenco.model.notices import Notice, NoticeKind, is_nearly_full, of_worker
from flamenco.model.workers import Worker
from flamenco.store import PutNotice, PutReadMark

LOOK_SECONDS = 60.0
"""Seconds between looks at the disks."""


def give(
    actor: actors.Actor,
    found: Iterable[tuple[NoticeKind, str]],
    *,
    job_id: str = "",
    worker_id: str = "",
) -> None:
    """Record notices in the transaction of an actor, and tell browsers."""
    for kind, text in found:
        notice = Notice(
            id=str(uuid.uuid4()),
            at=clock.now(),
            kind=kind,
            text=text,
            job_id=job_id,
            worker_id=worker_id,
        )
        actor.record(PutNotice(notice))
        actor.publish(EventNotice(**attrs.asdict(notice)))


def tell_worker_change(actor: actors.Actor, worker: Worker, before: Worker) -> None:
    """Tell browsers what became of a worker, with a notice if it is worth one."""
    actor.publish(worker_event(worker, before))
    give(actor, of_worker(before, worker), worker_id=worker.id)


@attrs.frozen
class MarkRead(actors.Request[None]):
    """A browser's person has read the notices up to a time."""

    browser: str
    until: datetime


@attrs.frozen
class LookAtDisks:
    """It is time to look at the disks."""


@attrs.frozen
class DisksSeen:
    """Folders whose disks are nearly full."""

    full: frozenset[Path]


class Notices(actors.Actor):
    """The actor that keeps how far notices were read, and gives those about disks."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._full: frozenset[Path] = frozenset()

    async def started(self) -> None:
        """Look at the disks from time to time."""
        self.tell(self.ref, LookAtDisks())
        self.every(LOOK_SECONDS, LookAtDisks())

    @actors.handles(LookAtDisks)
    def look_at_disks(self, _: LookAtDisks) -> None:
        """Look in the background, since a network drive may take its time."""
        paths = self._services.paths
        folders = [each for each in (paths.local, paths.shared) if each is not None]
        self.start_soon(self._look, folders, done=DisksSeen, failed=lambda _: DisksSeen(self._full))

    async def _look(self, folders: list[Path]) -> frozenset[Path]:
        return await trio.to_thread.run_sync(_nearly_full, folders)

    @actors.handles(DisksSeen)
    def disks_seen(self, message: DisksSeen) -> None:
        """Give a notice of each disk that has become nearly full."""
        new = sorted(message.full - self._full)
        self._full = message.full
        kind = NoticeKind.DISK_NEARLY_FULL
        give(self, ((kind, f"the disk of {folder} is nearly full") for folder in new))

    @actors.handles(MarkRead)
    def mark_read(self, message: MarkRead) -> None:
        """Keep how far a browser's person has read; its clock may be fast."""
        self.record(PutReadMark(message.browser, min(message.until, clock.now())))


def _nearly_full(folders: list[Path]) -> frozenset[Path]:
    found = set()
    for folder in folders:
        usage = shutil.disk_usage(folder)
        if is_nearly_full(usage.free, usage.total):
            found.add(folder)
    return frozenset(found)
