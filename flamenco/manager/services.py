"""What the farm's actors need besides each other."""

import attrs

from flamenco.config.manager import ManagerConfig, StoragePaths
from flamenco.images import Previews
from flamenco.jobtypes import Compiler
from flamenco.logs import TaskLogs
from flamenco.model.jobs import Command
from flamenco.model.variables import Audience, Variables, expander, with_jobs
from flamenco.model.workers import Worker
from flamenco.platforms import PLATFORM
from flamenco.protocol import Assign
from flamenco.store import Reader

SCHEDULER = "/scheduler"
JOBS = "/jobs"
WORKERS = "/workers"
IMAGES = "/images"
STATUS = "/status"
TAGS = "/tags"
SUBMISSIONS = "/submissions"
DELETIONS = "/deletions"
HOUSEKEEPING = "/housekeeping"


@attrs.define
class Counters:
    """What happened since the Manager started."""

    stale_reports: int = 0
    """Reports that were refused because their lease was over."""


@attrs.frozen(kw_only=True)
class Services:
    """Configuration and services; none of them holds state that the farm depends on."""

    config: ManagerConfig
    paths: StoragePaths
    reader: Reader
    compiler: Compiler
    logs: TaskLogs
    previews: Previews
    counters: Counters = attrs.field(factory=Counters)

    @property
    def variables(self) -> Variables:
        """The configured variables with the implicit `{jobs}`."""
        return with_jobs(self.config.variables, str(self.paths.jobs) if self.paths.jobs else None)

    def expand(self, assign: Assign, worker: Worker) -> Assign:
        """A task with its variables replaced for the worker's platform."""
        replace = expander(self.variables, Audience.WORKERS, worker.platform, PLATFORM).parameters
        commands = tuple(
            Command(each.name, replace(each.parameters), each.total_step_count)
            for each in assign.commands
        )
        return attrs.evolve(assign, commands=commands)
