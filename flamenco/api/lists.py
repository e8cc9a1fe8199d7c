"""Query strings of the lists of jobs, tasks and workers: filter, order and page.

Not in Flamenco 3. Without any of it a list is complete.
"""

from typing import Annotated, Literal

import attrs
from msgspec import Meta

from flamenco.model.bounds import Count, Line, Time
from flamenco.model.lists import JobFilter, TaskFilter, WorkerFilter

MOST = 1000
"""Maximum number of rows on a page."""

Limit = Annotated[int, Meta(ge=1, le=MOST)]

JobSort = Literal[
    "created",
    "-created",
    "updated",
    "-updated",
    "name",
    "-name",
    "priority",
    "-priority",
    "status",
    "-status",
    "type",
    "-type",
    "owner",
    "-owner",
    "started",
    "-started",
]
TaskSort = Literal[
    "index_in_job",
    "-index_in_job",
    "name",
    "-name",
    "status",
    "-status",
    "updated",
    "-updated",
    "worker",
    "-worker",
]
WorkerSort = Literal["name", "-name", "status", "-status", "last_seen", "-last_seen"]


@attrs.frozen(kw_only=True, slots=False)  # a class has only one base with slots
class Part:
    """One page of a list."""

    limit: Limit | None = None
    """Maximum number of rows; without it, all."""
    after: Line = ""
    """The `next` of the previous page."""
    count: bool = False
    """True to count the rows on all pages."""


@attrs.frozen(kw_only=True)
class JobsFilter(JobFilter):
    created_after: Time | None = None
    created_before: Time | None = None
    updated_after: Time | None = None
    updated_before: Time | None = None


@attrs.frozen(kw_only=True)
class JobsWanted(Part, JobsFilter):
    sort: JobSort = "-created"


@attrs.frozen(kw_only=True)
class TasksFilter(TaskFilter):
    updated_after: Time | None = None
    updated_before: Time | None = None


@attrs.frozen(kw_only=True)
class TasksWanted(Part, TasksFilter):
    sort: TaskSort = "index_in_job"
    skip: Count = 0
    """Number of rows to leave out before the page."""


@attrs.frozen(kw_only=True)
class WorkersFilter(WorkerFilter):
    seen_after: Time | None = None
    seen_before: Time | None = None


@attrs.frozen(kw_only=True)
class WorkersWanted(Part, WorkersFilter):
    sort: WorkerSort = "name"
