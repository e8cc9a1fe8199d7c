"""Gathering of what changes too often to be told each time: frames of jobs, tasks of workers."""

import attrs
from msgspec import UNSET

from flamenco.api.events import EventFramesUpdate, EventWorkerTask
from flamenco.api.frames import FrameChange
from flamenco.manager.events import MOST_FRAMES


@attrs.define
class _Changed:
    """Changes of a job's frames."""

    frames: dict[int, FrameChange] = attrs.field(factory=dict)
    refresh: bool = False


@attrs.define(eq=False)
class Gathering:
    """Changes that were not told yet."""

    _jobs: dict[str, _Changed] = attrs.field(factory=dict)
    _workers: dict[str, EventWorkerTask] = attrs.field(factory=dict)

    def add(self, event: EventFramesUpdate | EventWorkerTask) -> None:
        """Put a change to those that wait. What a worker holds is told as it was last."""
        if isinstance(event, EventWorkerTask):
            self._workers[event.worker_id] = event
            return
        changed = self._jobs.setdefault(event.job_id, _Changed())
        changed.refresh |= event.refresh
        for change in () if changed.refresh else event.frames:
            before = changed.frames.get(change.frame)
            changed.frames[change.frame] = merged(before, change) if before else change
        if changed.refresh or len(changed.frames) > MOST_FRAMES:
            changed.frames, changed.refresh = {}, True

    def take(self) -> list[EventFramesUpdate | EventWorkerTask]:
        """All that wait, each job and each worker in one event."""
        taken: list[EventFramesUpdate | EventWorkerTask] = [
            EventFramesUpdate(
                job_id=job_id, frames=tuple(changed.frames.values()), refresh=changed.refresh
            )
            for job_id, changed in self._jobs.items()
        ]
        taken += self._workers.values()
        self._jobs.clear()
        self._workers.clear()
        return taken


def merged(before: FrameChange, change: FrameChange) -> FrameChange:
    """Two changes of a frame as one, of which the later one counts."""
    fields = (each.name for each in attrs.fields(FrameChange))
    said = {name: value for name in fields if (value := getattr(change, name)) is not UNSET}
    if before.pictures and change.pictures:
        shown = {each.output: each for each in before.pictures}
        for each in change.pictures:
            other = shown.get(each.output)
            if not (other and other.task == each.task and other.lease > each.lease):
                shown[each.output] = each
        said["pictures"] = tuple(shown.values())
    if before.files and change.files:
        said["files"] = tuple(dict.fromkeys((*before.files, *change.files)))
    return attrs.evolve(before, **said)
