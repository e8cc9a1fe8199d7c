"""The actor that knows what the farm as a whole is doing."""

import logging

import attrs
import trio

import actors
from flamenco.api.events import EventJobUpdate, EventWorkerUpdate
from flamenco.api.meta import FarmStatusReport
from flamenco.manager.services import Services
from flamenco.model.farm import farm_status
from flamenco.model.statuses import FarmStatus

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.2
"""Seconds within which changes are looked at together."""

PERIOD_SECONDS = 30.0


@attrs.frozen
class Refresh:
    """Something changed that the farm's status may depend on."""


@attrs.frozen
class GetFarmStatus(actors.Request[FarmStatus]):
    """Request for the status of the farm as a whole."""


@attrs.frozen
class Counted:
    """Status of the farm, by its jobs and workers."""

    status: FarmStatus


@attrs.frozen
class NotCounted:
    """The counts could not be read."""

    error: Exception


class Status(actors.Actor):
    """The actor that counts again after every change of a job's or worker's status."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._status = FarmStatus.STARTING

    async def started(self) -> None:
        """Look at once, after changes, and from time to time."""
        self.start_soon(self._follow_events, self.ref)
        self.every(PERIOD_SECONDS, Refresh())
        self.tell(self.ref, Refresh())

    async def _follow_events(self, me: actors.ActorRef) -> None:
        async with self.system.events.subscribe(
            EventJobUpdate, EventWorkerUpdate, capacity=1
        ) as events:
            async for _ in events:
                await trio.sleep(SETTLE_SECONDS)
                me.tell(Refresh())

    @actors.handles(Refresh)
    def refresh(self, _: Refresh) -> None:
        """Count in the background, so that no request waits for it."""
        self.start_soon(self._count, done=Counted, failed=NotCounted)

    @actors.handles(NotCounted)
    def not_counted(self, message: NotCounted) -> None:
        """Keep the status as it was."""
        logger.warning("the status of the farm can't be determined now: %s", message.error)

    async def _count(self) -> FarmStatus:
        reader = self._services.reader
        return farm_status(await reader.job_counts(), await reader.worker_counts())

    @actors.handles(Counted)
    def counted(self, message: Counted) -> None:
        """Tell browsers if the status has changed."""
        if message.status is not self._status:
            self._status = message.status
            self.publish(FarmStatusReport(status=message.status))

    @actors.handles(GetFarmStatus)
    def get(self, _: GetFarmStatus) -> FarmStatus:
        """The status as it was last counted."""
        return self._status
