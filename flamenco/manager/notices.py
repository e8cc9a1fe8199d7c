"""Notices of the farm: how actors give them, and the actor that keeps the marks of readers."""

import shutil
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import partial
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
"""Seconds from a look at a disk until the next."""


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
class LookAtDisk:
    """It is time to look at the disk of a folder."""

    folder: Path


@attrs.frozen
class DiskSeen:
    """The disk of a folder was looked at, as far as that was possible."""

    folder: Path
    is_full: bool
    """True if it is nearly full."""


@attrs.frozen
class PartParked:
    """A part of the Manager keeps crashing."""

    path: str
    reason: str
    seconds: float
    """Seconds until it is tried again."""


class Notices(actors.Actor):
    """The actor that keeps how far notices were read, and gives those about disks."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._full: set[Path] = set()
        self._threads = trio.CapacityLimiter(2)

    async def started(self) -> None:
        """Look at the disks from time to time."""
        for folder in (self._services.paths.local, self._services.paths.shared):
            if folder is not None:
                self.tell(self.ref, LookAtDisk(folder))
        self.start_soon(self._hear_of_parked, self.ref)

    async def _hear_of_parked(self, me: actors.ActorRef) -> None:
        """Those that were parked before come first: most parts start earlier than this one."""
        async with self.system.events.subscribe(actors.Parked) as events:
            for path, pause in list(self.system.parked.items()):
                left = max(0.0, pause.until - trio.current_time())
                await me.send(PartParked(path, pause.reason, left))
            async for event in events:
                await me.send(PartParked(event.ref.path, repr(event.error), event.seconds))

    @actors.handles(PartParked)
    def part_parked(self, message: PartParked) -> None:
        """Give a notice of a part of the Manager that keeps crashing."""
        text = (
            f"{message.path}, a part of the Manager, keeps crashing and is tried again in "
            f"{message.seconds:.0f} s: {message.reason}"
        )
        give(self, [(NoticeKind.PART_PARKED, text)])

    @actors.handles(LookAtDisk)
    def look_at_disk(self, message: LookAtDisk) -> None:
        """Look in the background, since a network drive may take its time."""
        folder = message.folder
        self.start_soon(
            self._look,
            folder,
            done=partial(DiskSeen, folder),
            failed=lambda _: DiskSeen(folder, folder in self._full),
        )

    async def _look(self, folder: Path) -> bool:
        """A drive that hangs can't be interrupted, so the end of the Manager leaves it alone."""
        return await trio.to_thread.run_sync(
            _is_nearly_full, folder, abandon_on_cancel=True, limiter=self._threads
        )

    @actors.handles(DiskSeen)
    def disk_seen(self, message: DiskSeen) -> None:
        """Give a notice of a disk that has become nearly full, and look again in a while."""
        folder = message.folder
        if message.is_full and folder not in self._full:
            give(self, [(NoticeKind.DISK_NEARLY_FULL, f"the disk of {folder} is nearly full")])
        self._full = self._full - {folder} | ({folder} if message.is_full else set())
        self.after(LOOK_SECONDS, LookAtDisk(folder))

    @actors.handles(MarkRead)
    def mark_read(self, message: MarkRead) -> None:
        """Keep how far a browser's person has read; its clock may be fast."""
        self.record(PutReadMark(message.browser, min(message.until, clock.now())))


def _is_nearly_full(folder: Path) -> bool:
    usage = shutil.disk_usage(folder)
    return is_nearly_full(usage.free, usage.total)
