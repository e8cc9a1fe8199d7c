"""What can be followed live, and which events belong to it (reference api §5)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import attrs

from flamenco.api.events import (
    EventJobUpdate,
    EventLastRenderedUpdate,
    EventLifeCycle,
    EventTaskLogUpdate,
    EventTaskUpdate,
    EventWorkerTagUpdate,
    EventWorkerUpdate,
)
from flamenco.api.meta import FarmStatusReport


class One(StrEnum):
    """What is followed by its id."""

    JOB = "job"
    TASK_LOG = "tasklog"
    WORKER = "worker"


class Every(StrEnum):
    """What is followed for the whole farm."""

    JOBS = "allJobs"
    WORKERS = "allWorkers"
    LAST_RENDERED = "allLastRendered"
    TAGS = "allWorkerTags"


@attrs.frozen
class Topic:
    """What a client follows; the id is empty where the kind needs none."""

    kind: str
    id: str = ""


EVERYBODY = Topic("")
"""What every client follows."""

TOPICS: dict[type, Callable[[Any], tuple[Topic, ...]]] = {
    EventJobUpdate: lambda event: (Topic(Every.JOBS), Topic(One.JOB, event.id)),
    EventTaskUpdate: lambda event: (Topic(One.JOB, event.job_id),),
    EventTaskLogUpdate: lambda event: (Topic(One.TASK_LOG, event.task_id),),
    EventWorkerUpdate: lambda event: (Topic(Every.WORKERS), Topic(One.WORKER, event.id)),
    EventLastRenderedUpdate: lambda event: (
        Topic(Every.LAST_RENDERED),
        Topic(One.JOB, event.job_id),
    ),
    EventWorkerTagUpdate: lambda _: (Topic(Every.TAGS),),
    FarmStatusReport: lambda _: (EVERYBODY,),
    EventLifeCycle: lambda _: (EVERYBODY,),
}
"""Class of an event → the topics whose followers get it."""
