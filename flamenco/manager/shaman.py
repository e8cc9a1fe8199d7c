"""The actor that looks after Shaman's files."""

import logging

import attrs

import actors
from flamenco import clock
from flamenco.config.manager import GarbageCollect
from flamenco.manager.services import Services
from flamenco.shaman import Collected
from flamenco.store import BindCheckout, DeleteCheckout, PutCheckout, Reader

logger = logging.getLogger(__name__)

FIRST_SECONDS = 30.0
"""Seconds from the start to the first garbage collection (reference rules §12)."""


@attrs.frozen
class CollectGarbage:
    """Delete unused files."""


@attrs.frozen
class GarbageCollected:
    """The garbage collection is done, or failed."""

    collected: Collected | None = None
    failure: Exception | None = None


@attrs.frozen
class RecordCheckout(actors.Request[None]):
    """Shaman made a checkout: only what is recorded is deleted with its job."""

    path: str


@attrs.frozen
class BindToSubmission(actors.Request[None]):
    """A checkout is complete, and was made for a submission."""

    path: str
    key: str


@attrs.frozen
class ForgetCheckout(actors.Request[None]):
    """A checkout is empty, and about to go."""

    path: str


@attrs.frozen
class CheckoutRecords:
    """The records of checkouts, which a `ShamanKeeper` keeps."""

    _keeper: actors.ActorRef
    _reader: Reader

    async def add(self, path: str) -> None:
        """Record a checkout."""
        await self._keeper.ask(RecordCheckout(path))

    async def bind(self, path: str, key: str) -> None:
        """Note for which submission a checkout was made."""
        await self._keeper.ask(BindToSubmission(path, key))

    async def remove(self, path: str) -> None:
        """Forget a checkout."""
        await self._keeper.ask(ForgetCheckout(path))

    async def inside(self, path: str) -> list[str]:
        """The recorded checkouts in the folder of another."""
        return await self._reader.checkouts_inside(path)


class ShamanKeeper(actors.Actor):
    """The actor that records checkouts, and collects garbage, once at first and every period."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def started(self) -> None:
        """Set the timer, if garbage is to be collected."""
        if self._services.shaman is not None and self._settings.period:
            self.after(FIRST_SECONDS, CollectGarbage())

    @property
    def _settings(self) -> GarbageCollect:
        return self._services.config.shaman.garbage_collect

    @actors.handles(RecordCheckout)
    def record_checkout(self, message: RecordCheckout) -> None:
        """Record a checkout."""
        self.record(PutCheckout(message.path))

    @actors.handles(BindToSubmission)
    def bind_to_submission(self, message: BindToSubmission) -> None:
        """Record for which submission a checkout was made."""
        self.record(BindCheckout(message.path, message.key, clock.now()))

    @actors.handles(ForgetCheckout)
    def forget_checkout(self, message: ForgetCheckout) -> None:
        """Delete the record of a checkout."""
        self.record(DeleteCheckout(message.path))

    @actors.handles(CollectGarbage)
    def collect(self, message: CollectGarbage) -> None:
        """Begin to collect in the background."""
        self.start_soon(
            self._collect,
            CheckoutRecords(self.ref, self._services.reader),
            done=lambda collected: collected,
            failed=lambda error: GarbageCollected(failure=error),
        )

    async def _collect(self, records: CheckoutRecords) -> GarbageCollected:
        shaman, reader = self._services.shaman_on, self._services.reader
        for path in await reader.checkouts_without_job():
            if not await reader.is_used(path) and await shaman.forget_checkout(path, records):
                logger.info("Shaman deleted the checkout %s: no job came for it", path)
        return GarbageCollected(await shaman.collect_garbage(self._settings.max_age))

    @actors.handles(GarbageCollected)
    def collected(self, message: GarbageCollected) -> None:
        """Log the result, and set the timer for the next time."""
        if message.failure is not None:
            logger.warning("Shaman could not collect its garbage: %s", message.failure)
        elif message.collected is not None:
            gone = message.collected
            logger.info("Shaman deleted %d files (%d MiB)", gone.files, gone.size // 2**20)
        self.after(self._settings.period, CollectGarbage())
