"""Configuration that the Manager has for workers: for which of them, and its values."""

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

from flamenco.model.bounds import Line, Word
from flamenco.model.schedules import SleepSchedule
from flamenco.model.variables import Audience, Variables, resolve


@attrs.frozen
class WorkerSetting:
    """A value that counts for a Worker, as it tells it."""

    key: Word
    value: Line
    """JSON."""
    origin: Line
    """`default`, a line of its file, an environment variable, or an entry of the Manager's."""


@attrs.frozen(kw_only=True)
class Provision:
    """An entry of the configuration: values for some workers."""

    place: int = 0
    """Its number among all, from 0; later ones win."""
    match: str = "*"
    """Pattern of the workers' names, with `*` and `?`; case does not matter."""
    tags: tuple[str, ...] = ()
    """Names of tags, of which they have one; empty: whichever they have."""
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    """Keys and values of `flamenco-worker.yaml`, as a file has them."""
    variables: Variables = attrs.field(factory=dict)
    """Variables that they have in place of the farm's, on platforms that these have values for."""
    schedule: SleepSchedule | None = None
    """Sleep schedule of those that nobody gave one."""

    @property
    def origin(self) -> str:
        """Its place in the Manager's configuration, in words."""
        return f"worker_configuration[{self.place}] of the Manager"

    def is_for(self, name: str, tags: Collection[str]) -> bool:
        """True if it is for a worker with this name and tags of these names."""
        fits = fnmatchcase(name.casefold(), self.match.casefold())
        return fits and (not self.tags or not set(self.tags).isdisjoint(tags))


def variables_of(provisions: Iterable[Provision], platform: str) -> Variables:
    """Those variables of several that have a value on a worker's platform; later ones win."""
    return {
        name: each.variables[name]
        for each in provisions
        for name in resolve(each.variables, Audience.WORKERS, platform)
    }


def schedule_now(
    schedule: SleepSchedule | None, provisions: Iterable[Provision]
) -> SleepSchedule | None:
    """The sleep schedule of a worker that has this one; what somebody gave it stays."""
    if schedule is not None and not schedule.is_provided:
        return schedule
    wanted = [each.schedule for each in provisions if each.schedule is not None]
    return attrs.evolve(wanted[-1], is_provided=True) if wanted else None
