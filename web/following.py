"""The logs that a client follows, which the farm's workers have to know."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import attrs

from flamenco.manager.farm import Farm
from web.topics import One, Topic


@attrs.define
class Following:
    """The logs that one client follows."""

    _farm: Farm
    _tasks: frozenset[str] = frozenset()

    def now(self, topics: Iterable[Topic]) -> None:
        """Follow the logs among these topics from now on, and no others."""
        logs = frozenset(each.id for each in topics if each.kind == One.TASK_LOG)
        before, self._tasks = self._tasks, logs
        viewers = self._farm.services.viewers
        told = [viewers.follow(each) for each in self._tasks - before]
        told += [viewers.leave(each) for each in before - self._tasks]
        for message in filter(None, told):
            self._farm.workers.tell(message)


@contextmanager
def following(farm: Farm) -> Iterator[Following]:
    """The logs that a client follows, until the block is left."""
    logs = Following(farm)
    try:
        yield logs
    finally:
        logs.now(())
