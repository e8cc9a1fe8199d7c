"""Leases in their worker's actor: the tasks it runs, and the way to their jobs."""

from collections.abc import Iterable, Iterator

import attrs

import actors
from flamenco import protocol
from flamenco.manager.jobs.messages import AssignAgain, LeaseReturned, SignOfLife
from flamenco.manager.services import JOBS


@attrs.define
class Held:
    """A lease that the worker holds."""

    job_id: str
    number: int
    running: bool = False
    """True if the worker knows that it has to run the task."""


@attrs.define(eq=False)
class HeldLeases:
    """The leases of one worker, by task."""

    _actor: actors.Actor
    _of_task: dict[str, Held] = attrs.field(factory=dict)  # {task id: lease}

    def __len__(self) -> int:
        return len(self._of_task)

    def __iter__(self) -> Iterator[tuple[str, Held]]:
        """Each task with its lease."""
        return iter(self._of_task.items())

    def of(self, task_id: str) -> Held | None:
        """The lease of a task, if the worker holds it."""
        return self._of_task.get(task_id)

    def take(self, task_id: str, job_id: str, number: int) -> Held:
        """Take a lease with this number; an older one of the same task is forgotten."""
        known = self._of_task.get(task_id)
        if known is None or known.number != number:
            known = self._of_task[task_id] = Held(job_id, number)
        return known

    def drop(self, task_id: str, number: int) -> bool:
        """Forget a lease; returns True if it was held."""
        known = self._of_task.get(task_id)
        if known is None or known.number != number:
            return False
        del self._of_task[task_id]
        return True

    def believe(self, named: Iterable[protocol.HeldLease]) -> tuple[protocol.HeldLease, ...]:
        """The leases that the worker names as running and really holds, which go on."""
        names = {(each.task_id, each.lease) for each in named}
        for task_id, held in self:
            held.running = (task_id, held.number) in names
        return tuple(
            protocol.HeldLease(task_id, held.number) for task_id, held in self if held.running
        )

    def runs_another(self, task_id: str) -> bool:
        """True if the worker has another task to run than this one."""
        return any(held.running for other, held in self if other != task_id)

    # Its job

    def job(self, held: Held) -> actors.ActorRef | None:
        """The present actor of a lease's job."""
        return self._actor.system.find(f"{JOBS}/{held.job_id}")

    def tell_job(self, held: Held, message: object) -> None:
        """Tell that actor, if there is one."""
        job = self.job(held)
        if job is not None:
            self._actor.tell(job, message)

    def show_life(self, named: Iterable[protocol.HeldLease]) -> None:
        """Tell the jobs of these leases, as far as they are held, that their tasks go on."""
        for each in named:
            if (held := self.of(each.task_id)) is not None:
                self.tell_job(held, SignOfLife(each.task_id, each.lease))

    def give_back(self, task_id: str, held: Held, reason: str) -> None:
        """Hand back a task that the worker can't go on with."""
        self.tell_job(held, LeaseReturned(task_id, held.number, reason))

    def give_all_back(self, reason: str) -> None:
        """Hand back all tasks of the worker."""
        for task_id, held in self:
            self.give_back(task_id, held, reason)

    def want_again(self, *, lost_only: bool = False) -> None:
        """Ask for the worker's tasks again; ``lost_only``: only for those that it does not run."""
        for task_id, held in self:
            if not (lost_only and held.running):
                self.tell_job(held, AssignAgain(task_id, held.number, self._actor.name))
