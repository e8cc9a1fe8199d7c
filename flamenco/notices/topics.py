"""Topics and payloads of what happens on the farm on a broker, as Flamenco 3 has them.

Source: reference api §5. Lines of logs are never told there.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from flamenco.api.events import (
    EventJobUpdate,
    EventLastRenderedUpdate,
    EventLifeCycle,
    EventTaskUpdate,
    EventWorkerTagUpdate,
    EventWorkerUpdate,
)
from flamenco.api.meta import FarmStatusReport
from flamenco.notices.mqtt import Publication

TOPICS: dict[type, Callable[[Any], tuple[str, ...]]] = {
    EventLifeCycle: lambda _: ("/lifecycle",),
    FarmStatusReport: lambda _: ("/status",),
    EventJobUpdate: lambda _: ("/jobs",),
    EventTaskUpdate: lambda event: (f"/jobs/{event.job_id}",),
    EventLastRenderedUpdate: lambda event: (
        f"/jobs/{event.job_id}/last-rendered",
        "/last-rendered",
    ),
    EventWorkerUpdate: lambda _: ("/workers",),
    EventWorkerTagUpdate: lambda _: ("/workertags",),
}
"""{class of an event: function from the event to its topics, which follow the prefix}."""


def publications(event: object, prefix: str) -> list[Publication]:
    """An event as it is published. The farm's status stays with the broker."""
    payload = msgspec.json.encode(event)
    retained = isinstance(event, FarmStatusReport)
    return [Publication(prefix + topic, payload, retained) for topic in TOPICS[type(event)](event)]
