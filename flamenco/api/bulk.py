"""Wire classes of the bulk actions, which change many things at once. Not in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api import jobs, workers
from flamenco.model.bounds import Values, Word

MOST = 10_000
"""Maximum number of jobs, tasks or workers in one request."""

Ids = Annotated[tuple[Word, ...], Meta(max_length=MOST)]

Filter = Values
"""Filters as in the query string of the list; {name: value}."""


@attrs.frozen(kw_only=True)
class Nothing:
    """The body of an action without parameters."""


@attrs.frozen(kw_only=True)
class Chosen:
    """The objects of a bulk action: ``ids``, or all that match a ``filter``."""

    ids: Ids | UnsetType = UNSET
    filter: Filter | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOfJobs(Chosen):
    """One of the actions, with the body of the same operation on one job."""

    setstatus: jobs.JobStatusChange | UnsetType = UNSET
    setpriority: jobs.JobPriorityChange | UnsetType = UNSET
    settag: jobs.JobTagChange | UnsetType = UNSET
    setkeep: jobs.JobKeepChange | UnsetType = UNSET
    setarchived: jobs.JobArchiveChange | UnsetType = UNSET
    delete: jobs.JobDeletion | UnsetType = UNSET
    try_again: Nothing | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOfTasks(Chosen):
    """A filter needs the ``job`` whose tasks are meant."""

    job: Word | UnsetType = UNSET
    setstatus: jobs.TaskStatusChange | UnsetType = UNSET
    approve: jobs.Decision | UnsetType = UNSET
    reject: jobs.Decision | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOfWorkers(Chosen):
    setstatus: workers.WorkerStatusChangeRequest | UnsetType = UNSET
    settags: workers.WorkerTagChangeRequest | UnsetType = UNSET
    delete: Nothing | UnsetType = UNSET
    try_again: Nothing | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOutcome:
    """The outcome for one object, with ``code`` and ``message`` of the same operation on it."""

    id: str
    code: int
    message: str | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkResult:
    outcomes: tuple[BulkOutcome, ...]
    """Outcomes in the order of the ``ids``."""
    done: int
    refused: int
