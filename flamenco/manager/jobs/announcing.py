"""Announcing: ready tasks, as told to the scheduler."""

from collections import Counter
from operator import itemgetter

import attrs

import actors
from flamenco.manager.scheduling.messages import JobBegins, LaneChanged
from flamenco.manager.services import SCHEDULER, Services
from flamenco.model.board import Lane
from flamenco.model.livejob import LiveJob


@attrs.define(eq=False)
class Announcing:
    """The teller of the numbers of ready tasks in each lane, which only tells changes."""

    _actor: actors.Actor
    _services: Services
    telling: int = 0
    """Number of the last complete announcement."""
    _told: Counter[Lane] = attrs.field(factory=Counter)
    _priority: int = 0

    def begin(self, live: LiveJob) -> None:
        """Announce everything again; earlier announcements of this job are void."""
        self.void(live.job.id)
        self._told.clear()
        self.telling = next(self._services.tellings)
        live.lanes.changed.update(live.lanes.counts)
        self.announce(live)

    def void(self, job_id: str) -> None:
        """Tell the scheduler that earlier announcements of the job are void."""
        scheduler = self._actor.system.find(SCHEDULER)
        if scheduler:
            self._actor.tell(scheduler, JobBegins(job_id))

    def taken(self, lane: Lane) -> None:
        """Note that the scheduler has counted off a task of this lane itself."""
        self._count(lane, -1)

    def announce(self, live: LiveJob) -> None:
        """Tell the changes since the last time."""
        scheduler = self._actor.system.find(SCHEDULER)
        lanes, job = live.lanes, live.job
        changed = [(-lane.priority, lanes.first(lane) or 0, lane) for lane in lanes.changed]
        lanes.changed.clear()
        for _, place, lane in sorted(changed, key=itemgetter(0, 1)):
            more = lanes.counts[lane] - self._told[lane]
            if scheduler and (more or job.priority != self._priority):
                self._count(lane, more)
                self._actor.tell(
                    scheduler,
                    LaneChanged(
                        job=self._actor.ref,
                        telling=self.telling,
                        lane=lane,
                        job_priority=job.priority,
                        made=job.created.timestamp(),
                        place=place,
                        more=more,
                    ),
                )
        self._priority = job.priority

    def _count(self, lane: Lane, more: int) -> None:
        self._told[lane] += more
        if not self._told[lane]:
            del self._told[lane]
