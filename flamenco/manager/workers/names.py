"""Unique names of the workers that have signed on."""

from collections.abc import Iterable

import attrs

from flamenco.model.names import cleaned, distinct
from flamenco.model.workers import Worker


@attrs.define
class Names:
    """The register of names. A worker that registered and never came has none yet."""

    _taken: dict[str, str] = attrs.field(factory=dict)  # {worker: name}

    def begin(self, workers: Iterable[Worker]) -> None:
        """Start with the names of these workers."""
        self._taken = {each.id: each.name for each in workers if each.last_seen is not None}

    def take(self, worker_id: str, wanted: str) -> str:
        """The name for a worker that signs on, as close to the wanted one as possible."""
        others = {name for other, name in self._taken.items() if other != worker_id}
        name = distinct(cleaned(wanted), self._taken.get(worker_id, ""), others)
        self._taken[worker_id] = name
        return name

    def drop(self, worker_id: str) -> None:
        """Free the name of a worker that was deleted."""
        self._taken.pop(worker_id, None)
