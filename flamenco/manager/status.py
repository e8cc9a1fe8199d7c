"""The actor that knows what the farm as a whole is doing."""

import actors
from flamenco.api.events import EventJobUpdate, EventWorkerUpdate
from flamenco.api.meta import FarmStatusReport
from flamenco.manager.messages import GetFarmStatus, Refresh
from flamenco.manager.services import Services
from flamenco.model.farm import farm_status
from flamenco.model.statuses import FarmStatus

SETTLE_SECONDS = 0.2
"""Changes that come so close together are looked at once."""

PERIOD_SECONDS = 30.0


class Status(actors.Actor):
    """Looks again after every change of a job's or worker's status."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._status = FarmStatus.STARTING
        self._due = False

    async def started(self) -> None:
        self.start_soon(self._follow_events)
        self.every(PERIOD_SECONDS, Refresh())
        self.tell(self.ref, Refresh())

    async def _follow_events(self) -> None:
        async with self.system.events.subscribe(EventJobUpdate, EventWorkerUpdate) as events:
            async for _ in events:
                if not self._due:
                    self._due = True
                    self.after(SETTLE_SECONDS, Refresh())

    @actors.handles(Refresh)
    async def refresh(self, _: Refresh) -> None:
        self._due = False
        reader = self._services.reader
        status = farm_status(await reader.job_counts(), await reader.worker_counts())
        if status is not self._status:
            self._status = status
            self.publish(FarmStatusReport(status=status))

    @actors.handles(GetFarmStatus)
    def get(self, _: GetFarmStatus) -> FarmStatus:
        return self._status
