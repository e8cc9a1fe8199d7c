"""Wire classes of the bulk actions: what one operation does to many. Not in Flamenco 3."""

from collections.abc import Mapping
from typing import Annotated, Any

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api import jobs, workers

MOST = 10_000
"""Things that one request may be about."""

Ids = Annotated[tuple[str, ...], Meta(max_length=MOST)]

Filter = Mapping[str, Any]
"""Filters as in the query string of the list, by name."""


@attrs.frozen(kw_only=True)
class Nothing:
    """What an action needs that needs nothing."""


@attrs.frozen(kw_only=True)
class Chosen:
    """What it is done to: the ``ids``, or all that a ``filter`` lets through."""

    ids: Ids | UnsetType = UNSET
    filter: Filter | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOfJobs(Chosen):
    """One of the actions, with the body that it has as an operation on one job."""

    setstatus: jobs.JobStatusChange | UnsetType = UNSET
    setpriority: jobs.JobPriorityChange | UnsetType = UNSET
    settag: jobs.JobTagChange | UnsetType = UNSET
    setkeep: jobs.JobKeepChange | UnsetType = UNSET
    setarchived: jobs.JobArchiveChange | UnsetType = UNSET
    delete: jobs.JobDeletion | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOfTasks(Chosen):
    """A filter needs the ``job`` whose tasks are meant."""

    job: str | UnsetType = UNSET
    setstatus: jobs.TaskStatusChange | UnsetType = UNSET
    approve: jobs.Decision | UnsetType = UNSET
    reject: jobs.Decision | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOfWorkers(Chosen):
    setstatus: workers.WorkerStatusChangeRequest | UnsetType = UNSET
    settags: workers.WorkerTagChangeRequest | UnsetType = UNSET
    delete: Nothing | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkOutcome:
    """What became of one of them: ``code`` and ``message`` are what the operation on it answers."""

    id: str
    code: int
    message: str | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class BulkResult:
    outcomes: tuple[BulkOutcome, ...]
    """In the order of the ``ids``."""
    done: int
    refused: int
