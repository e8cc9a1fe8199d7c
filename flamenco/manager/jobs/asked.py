"""Changes of a job's status, and requests of people, as entries in its history."""

from collections.abc import Callable, Mapping
from typing import Any

from flamenco import clock
from flamenco.manager.jobs.messages import (
    ArchiveJob,
    KeepJob,
    OfPerson,
    RemoveJob,
    SetJobPriority,
    SetJobStatus,
    SetJobTag,
    SetTaskStatus,
    Unblock,
)
from flamenco.model.happenings import Happening, Kind
from flamenco.model.jobs import Job

DESCRIBED: Mapping[type, Callable[[Any], tuple[str, str]]] = {
    SetJobStatus: lambda asked: ("setstatus", _because(asked.status, asked.reason)),
    SetJobPriority: lambda asked: ("setpriority", str(asked.priority)),
    SetJobTag: lambda asked: ("settag", asked.tag_id or ""),
    KeepJob: lambda asked: ("setkeep", "true" if asked.keep else "false"),
    ArchiveJob: lambda asked: ("setarchived", "true" if asked.archived else "false"),
    RemoveJob: lambda asked: ("delete", "with its files" if asked.files else ""),
    SetTaskStatus: lambda asked: ("task-setstatus", _because(asked.status, asked.reason)),
    Unblock: lambda asked: ("unblock", f"{len(asked.pairs)} entries of the blocklist"),
}
"""{class of a request: function from the request to its name and details}."""


def _because(status: str, reason: str) -> str:
    return f"{status}: {reason}" if reason else str(status)


def happening(job_id: str, asked: OfPerson) -> Happening:
    """The entry for a request that was granted."""
    what, detail = DESCRIBED[type(asked)](asked)
    return Happening(
        job_id=job_id,
        at=clock.now(),
        kind=Kind.REQUEST,
        what=what,
        detail=detail,
        author=asked.by,
    )


def status_change(job: Job) -> Happening:
    """The entry for a job that has just gone to its status."""
    return Happening(
        job_id=job.id,
        at=job.updated,
        kind=Kind.STATUS,
        what=job.status.value,
        detail=job.activity,
    )
