"""Topics that can be followed live, and their events (reference api §5)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import attrs

from flamenco.api.events import (
    EventFramesUpdate,
    EventJobUpdate,
    EventLastRenderedUpdate,
    EventLifeCycle,
    EventNotice,
    EventTaskLogUpdate,
    EventTaskUpdate,
    EventWorkerTagUpdate,
    EventWorkerTask,
    EventWorkerUpdate,
)
from flamenco.api.meta import FarmStatusReport


class One(StrEnum):
    """Kinds of objects that are followed by id."""

    JOB = "job"
    TASK_LOG = "tasklog"
    WORKER = "worker"


class Every(StrEnum):
    """Kinds that are followed for the whole farm."""

    JOBS = "allJobs"
    WORKERS = "allWorkers"
    LAST_RENDERED = "allLastRendered"
    TAGS = "allWorkerTags"
    NOTICES = "allNotices"


@attrs.frozen
class Topic:
    """A topic that a client follows; the id is empty if the kind needs none."""

    kind: str
    id: str = ""


EVERYBODY = Topic("")
"""The topic that every client follows."""

TOPICS: dict[type, Callable[[Any], tuple[Topic, ...]]] = {
    EventJobUpdate: lambda event: (Topic(Every.JOBS), Topic(One.JOB, event.id)),
    EventTaskUpdate: lambda event: (Topic(One.JOB, event.job_id),),
    EventTaskLogUpdate: lambda event: (Topic(One.TASK_LOG, event.task_id),),
    EventWorkerUpdate: lambda event: (Topic(Every.WORKERS), Topic(One.WORKER, event.id)),
    EventWorkerTask: lambda event: (Topic(Every.WORKERS), Topic(One.WORKER, event.worker_id)),
    EventLastRenderedUpdate: lambda event: (
        Topic(Every.LAST_RENDERED),
        Topic(One.JOB, event.job_id),
    ),
    EventFramesUpdate: lambda event: (Topic(One.JOB, event.job_id),),
    EventWorkerTagUpdate: lambda _: (Topic(Every.TAGS),),
    EventNotice: lambda _: (Topic(Every.NOTICES),),
    FarmStatusReport: lambda _: (EVERYBODY,),
    EventLifeCycle: lambda _: (EVERYBODY,),
}
"""{class of an event: function from the event to the topics whose followers get it}."""
