"""Filters, sorting and paging of the lists of jobs, tasks and workers."""

from datetime import datetime

import attrs

from flamenco.model.bounds import Few, Word
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus


@attrs.frozen(kw_only=True)
class JobFilter:
    """A selection of jobs. Each field narrows it down; of several values, one has to match."""

    archived: bool = False
    """True for the archived jobs only, False for the others only."""
    id: Word = ""
    """Beginning of the id."""
    status: Few[JobStatus] = ()
    type: Few[Word] = ()
    name: Word = ""
    """Part of the name; upper and lower case are the same."""
    text: Word = ""
    """Part of the name, the owner or the type, or the beginning of the id."""
    owner: Few[Word] = ()
    """Whole name of the owner; upper and lower case are the same."""
    approvals: bool | None = None
    """True for the jobs that wait for a yes or no only, False for the others only."""
    tag: Word = ""
    """Id of their tag."""
    worker: Word = ""
    """Id of a worker that runs one of their tasks, or has tried to."""
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None


@attrs.frozen(kw_only=True)
class TaskFilter:
    """A selection of tasks of a job."""

    id: Word = ""
    """Beginning of the id."""
    status: Few[TaskStatus] = ()
    type: Few[Word] = ()
    name: Word = ""
    """Part of the name; upper and lower case are the same."""
    text: Word = ""
    """Part of the name, or of that of the worker that holds the task, or held it last."""
    step: Word = ""
    """Common part of the names in its step (`flamenco.model.steps`)."""
    worker: Word = ""
    """Id of the worker that holds the task, or held it last."""
    updated_after: datetime | None = None
    updated_before: datetime | None = None


@attrs.frozen(kw_only=True)
class WorkerFilter:
    """A selection of workers."""

    id: Word = ""
    """Beginning of the id."""
    status: Few[WorkerStatus] = ()
    type: Few[Word] = ()
    """Task types that they take; one has to match."""
    name: Word = ""
    """Part of the name; upper and lower case are the same."""
    tag: Word = ""
    """Id of one of their tags."""
    seen_after: datetime | None = None
    seen_before: datetime | None = None


Value = str | int | float


@attrs.frozen
class Order:
    """The sort key of a list. Rows with equal keys are sorted by id."""

    key: str
    descending: bool = False

    @classmethod
    def of(cls, text: str) -> "Order":
        """The order that a text names: ``updated``, or ``-updated`` for descending."""
        return cls(text.removeprefix("-"), text.startswith("-"))


@attrs.frozen
class Mark:
    """A place in a list: after the row with this value of the sort key and this id."""

    value: Value | None
    """None: as it stands in that row, whatever it is; what is no text or number is not told."""
    id: str


@attrs.frozen(kw_only=True)
class Paging:
    """One page of a list."""

    order: Order
    limit: int | None = None
    """Maximum number of rows; None: all."""
    after: Mark | None = None
    skip: int = 0
    """Number of rows before it that are left out."""
    count: bool = False
    """True to count the rows of all pages, which reads them all, if only in an index."""
