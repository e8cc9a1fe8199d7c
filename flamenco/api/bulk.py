"""Wire classes of the bulk actions, which change many things at once. Not in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api import jobs, workers
from flamenco.model.bounds import Values, Word

MOST = 10_000
"""Maximum number of jobs, tasks or workers that a request names, and of outcomes in an answer."""

MOST_MATCHING = 250_000
"""Maximum number of jobs, tasks or workers that match a filter."""

MOST_REASONS = 20

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
    requeue_failed: jobs.FailedTasksRequeueing | UnsetType = UNSET


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
class RefusalReason:
    message: str
    count: int
    """Number of objects that were refused for it."""


@attrs.frozen(kw_only=True)
class BulkResult:
    outcomes: tuple[BulkOutcome, ...]
    """Outcomes in the order of the ``ids``; of more than 10,000, the first that were refused."""
    done: int
    refused: int
    reasons: tuple[RefusalReason, ...] = ()
    """Why some were refused, the most frequent reasons first."""
