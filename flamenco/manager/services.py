"""Services that the farm's actors need besides each other."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco import clock
from flamenco.config.file import ConfigFile
from flamenco.config.installation import taken_over
from flamenco.config.manager import ManagerConfig, StoragePaths
from flamenco.jobtypes import Compiler
from flamenco.logs import TaskLogs, tail_of
from flamenco.manager.viewers import Viewers
from flamenco.manager.workers.names import Names
from flamenco.model.absence import Absence
from flamenco.model.flamenco3 import understood
from flamenco.model.jobs import Command, Task
from flamenco.model.provisions import Provision, variables_of
from flamenco.model.variables import Audience, Variables, expander, with_jobs
from flamenco.model.workers import Worker
from flamenco.pictures.files import PictureFiles
from flamenco.pictures.videos import VideoFiles
from flamenco.platforms import PLATFORM
from flamenco.protocol import Assign
from flamenco.shaman import Checkouts, Shaman, ShamanOff
from flamenco.store import Reader, WriteAheadLog

Expand = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Replaces variables in the parameters of a command."""

SCHEDULER = "/scheduler"
JOBS = "/jobs"
WORKERS = "/workers"
IMAGES = "/images"
PICTURES = "/pictures"
VIDEOS = "/videos"
NOTICES = "/notices"
OUTBOX = "/outbox"
MQTT = "/mqtt"
UPSTREAM = "/upstream"
PEOPLE = "/people"
AUDIT = "/audit"
STATUS = "/status"
TAGS = "/tags"
SUBMISSIONS = "/submissions"
DELETIONS = "/deletions"
HOUSEKEEPING = "/housekeeping"
SHAMAN = "/shaman"
PACKS = "/packs"


@attrs.define
class Counters:
    """Counts since the Manager started."""

    stale_reports: int = 0
    """Number of reports that were refused because their lease was over."""


@attrs.define(kw_only=True)
class Services:
    """Configuration and services; none of them holds state that the farm depends on."""

    config: ManagerConfig
    """Configuration that the Manager runs with, which may change, see `take_over`."""
    file: ConfigFile
    paths: StoragePaths
    reader: Reader
    ahead: WriteAheadLog
    compiler: Compiler
    logs: TaskLogs
    pictures: PictureFiles
    videos: VideoFiles
    shaman: Shaman | None = None
    """None while it is switched off, or there is no shared storage."""
    checkouts: Checkouts | None = None
    """Shaman's checkouts, which stay when it is switched off; None without a shared storage."""
    counters: Counters = attrs.field(factory=Counters)
    viewers: Viewers = attrs.field(factory=Viewers)
    names: Names = attrs.field(factory=Names)
    tag_names: dict[str, str] = attrs.field(factory=dict)
    """{id of a worker tag: its name}."""
    tellings: Iterator[int] = attrs.field(factory=itertools.count)
    """Numbers for jobs that tell the scheduler everything anew."""
    present_since: datetime = attrs.field(factory=clock.now)
    """Start of the Manager, or the latest correction of its clock: absences count from there."""
    config_at_start: ManagerConfig = attrs.field(init=False)
    _expanders: dict[tuple[str, tuple[int, ...]], Expand] = attrs.field(factory=dict, init=False)
    """{platform, and places of provisions: function}"""

    def __attrs_post_init__(self) -> None:
        self.config_at_start = self.config

    def take_over(self, wanted: ManagerConfig) -> None:
        """Run on with those changes of the configuration that need no restart."""
        self.config = taken_over(self.config, wanted)
        self._expanders.clear()

    @property
    def variables(self) -> Variables:
        """The configured variables with the implicit `{jobs}`."""
        return self._with_jobs(self.config.variables)

    def _with_jobs(self, variables: Variables) -> Variables:
        return with_jobs(variables, str(self.paths.jobs) if self.paths.jobs else None)

    def provisions(self, worker: Worker) -> tuple[Provision, ...]:
        """Entries of the configuration that are for a worker."""
        tags = {self.tag_names.get(each, "") for each in worker.tags}
        every = self.config.worker_configuration
        return tuple(each for each in every if each.is_for(worker.name, tags))

    def variables_for(self, worker: Worker) -> Variables:
        """The variables that a worker's tasks have: the farm's, or its own in their place."""
        own = variables_of(self.provisions(worker), worker.platform)
        return self._with_jobs({**self.config.variables, **own})

    @property
    def shaman_on(self) -> Shaman:
        """Shaman. Raises `ShamanOff`."""
        if self.shaman is None:
            raise ShamanOff("Shaman is not enabled on this Manager")
        return self.shaman

    async def workers_that_count(self) -> list[Worker]:
        """The workers of the farm for which tasks may wait."""
        absence, now = self.absence, clock.now()
        return [each for each in await self.reader.workers() if not absence.gone(each, now)]

    @property
    def absence(self) -> Absence:
        """The rule for workers that are away."""
        return Absence(self.config.worker_gone_after, self.present_since)

    async def log_tail(self, task: Task) -> str | None:
        """The last lines of a task's log, None if it has none."""
        head = await self.reader.log_head(task.id)
        if head is not None:
            return tail_of(head)
        return await self.logs.tail(task.job_id, task.id)

    def expand(self, assign: Assign, worker: Worker) -> Assign:
        """A task as the worker understands it, with variables replaced for its platform."""
        provisions = self.provisions(worker)
        key = worker.platform, tuple(each.place for each in provisions if each.variables)
        replace = self._expanders.get(key)
        if replace is None:
            variables = self.variables_for(worker)
            made = expander(variables, Audience.WORKERS, worker.platform, PLATFORM)
            replace = self._expanders[key] = made.parameters
        commands = tuple(
            understood(
                Command(each.name, replace(each.parameters), each.total_step_count),
                worker.software,
            )
            for each in map(self._switched, assign.commands)
        )
        return attrs.evolve(assign, commands=commands)

    def _switched(self, command: Command) -> Command:
        """A command as the configuration of the farm has it."""
        if self.config.warm_blender or command.name != "blender-render":
            return command
        return attrs.evolve(command, parameters={**command.parameters, "warm": "never"})
