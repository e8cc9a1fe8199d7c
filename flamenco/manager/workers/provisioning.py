"""Configuration that the farm has for a worker, as it is told and kept up."""

from collections.abc import Sequence

import attrs

from flamenco.manager.services import Services
from flamenco.model.provisions import Provision, schedule_now
from flamenco.model.schedules import SleepSchedule
from flamenco.model.variables import Audience, resolve
from flamenco.model.workers import Worker
from flamenco.protocol import Hello, Provided

NEW_CONFIGURATION = "the configuration of this worker has changed, sign on again"


@attrs.define(eq=False)
class Provisioning:
    """The configuration that a worker was told in its session."""

    _services: Services
    _told: tuple[Provided, ...] | None = None
    """None: it takes none."""

    def tell(self, worker: Worker, hello: Hello) -> tuple[Provided, ...]:
        """The configuration of a worker whose session begins."""
        self._told = None if hello.settings is None else self._now(worker)
        return self._told or ()

    def has_changed(self, worker: Worker) -> bool:
        """True if it was told another one."""
        return self._told is not None and self._told != self._now(worker)

    def schedule(self, worker: Worker) -> SleepSchedule | None:
        """The sleep schedule that it should have."""
        return schedule_now(worker.schedule, self._services.provisions(worker))

    def _now(self, worker: Worker) -> tuple[Provided, ...]:
        return provided(self._services.provisions(worker), worker.platform)


def provided(provisions: Sequence[Provision], platform: str) -> tuple[Provided, ...]:
    """Provisions as a worker on a platform is told them."""
    return tuple(
        Provided(
            origin=each.origin,
            settings=each.settings,
            variables={
                name: found.value
                for name, found in resolve(each.variables, Audience.WORKERS, platform).items()
            },
        )
        for each in provisions
        if each.settings or each.variables
    )
