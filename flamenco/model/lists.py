"""What may be asked of the lists of jobs, tasks and workers: which of them, in which order."""

from datetime import datetime

import attrs

from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus


@attrs.frozen(kw_only=True)
class JobFilter:
    """Which jobs; each field narrows it down. Where several values are given, one has to fit."""

    archived: bool = False
    """Those that are archived, in place of those that are not."""
    id: str = ""
    """How the id begins."""
    status: tuple[JobStatus, ...] = ()
    type: tuple[str, ...] = ()
    name: str = ""
    """A part of the name, in upper or lower case."""
    tag: str = ""
    """Id of the tag that they have."""
    worker: str = ""
    """Id of a worker that runs one of their tasks, or has tried to."""
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None


@attrs.frozen(kw_only=True)
class TaskFilter:
    """Which tasks of a job."""

    id: str = ""
    """How the id begins."""
    status: tuple[TaskStatus, ...] = ()
    type: tuple[str, ...] = ()
    name: str = ""
    """A part of the name, in upper or lower case."""
    worker: str = ""
    """Id of the worker that holds the task, or held it last."""
    updated_after: datetime | None = None
    updated_before: datetime | None = None


@attrs.frozen(kw_only=True)
class WorkerFilter:
    """Which workers."""

    id: str = ""
    """How the id begins."""
    status: tuple[WorkerStatus, ...] = ()
    type: tuple[str, ...] = ()
    """Types of tasks that they take."""
    name: str = ""
    """A part of the name, in upper or lower case."""
    tag: str = ""
    """Id of a tag that they have."""
    seen_after: datetime | None = None
    seen_before: datetime | None = None


Value = str | int


@attrs.frozen
class Order:
    """By what a list is sorted. Rows that are equal in that follow their ids."""

    key: str
    descending: bool = False

    @classmethod
    def of(cls, text: str) -> "Order":
        """``updated``, or with a minus in front the other way round."""
        return cls(text.removeprefix("-"), text.startswith("-"))


@attrs.frozen
class Mark:
    """A place in a list: that after the row with this value of the sort key, and this id."""

    value: Value
    id: str


@attrs.frozen(kw_only=True)
class Paging:
    """Which part of a list."""

    order: Order
    limit: int | None = None
    """So many at most; None: all."""
    after: Mark | None = None
    count: bool = False
    """Whether to count what is on all pages: that reads them all, if only in an index."""
