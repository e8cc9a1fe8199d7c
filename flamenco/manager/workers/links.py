"""Links to workers: a session, in which messages are pushed, or calls, in which they wait.

A connected worker has a link. Its kind is the only difference between workers with a session and
those that poll as Flamenco 3's do (reference rules §7 and §15). Nothing is pushed to the latter.
They only take a task while their call for one is open: the scheduler then has one, or says that
there is none. Between its calls such a worker does not count as idle, so no task waits for its next
call while another worker could start it.
"""

from collections.abc import Callable

import attrs

import actors
from flamenco import protocol
from flamenco.manager.workers.messages import Session
from flamenco.model.board import Presence
from flamenco.model.statuses import WorkerStatus


@attrs.define(eq=False)
class SessionLink:
    """A session, whose messages leave with the commit of the worker's actor."""

    _actor: actors.Actor
    session: Session
    can_hurry: bool
    takes_tasks = True
    """True if a task can reach the worker now."""
    presence = Presence.IDLE
    """The scheduler's word for a worker that has nothing to do."""

    def push(self, message: protocol.Message) -> None:
        """Send a message."""
        self._actor.after_commit(self.session.push, message)

    def hand_over(self, assign: protocol.Assign) -> None:
        """Give the worker a task."""
        self.push(assign)

    def hurry(self, task_id: str, lease: int, *, followed: bool) -> None:
        """Tell the worker whether somebody follows the log of its task."""
        if self.can_hurry:
            self.push(protocol.Hurry(task_id, lease, followed))

    def dismiss(self, status: WorkerStatus | None) -> None:
        """Do nothing: no call for a task is open in a session."""

    def close(self, reason: str) -> None:
        """End it."""
        self._actor.after_commit(self.session.close, reason)


@attrs.define(eq=False)
class PollingLink:
    """The calls of a worker, which learns of everything else at its next one."""

    _call: actors.ReplyLater | None = None
    """Call for a task that is not answered yet."""

    @property
    def takes_tasks(self) -> bool:
        """True if a call for a task is open."""
        return self._call is not None

    @property
    def presence(self) -> Presence:
        """The scheduler's word for a worker that has nothing to do."""
        return Presence.ASKING if self._call else Presence.POLLING

    def push(self, message: protocol.Message) -> None:
        """Do nothing: nothing can be pushed."""

    def await_task(self, call: actors.ReplyLater) -> None:
        """Keep a call for a task open; an earlier one ends without a task."""
        self.dismiss(None)
        self._call = call

    def hand_over(self, assign: protocol.Assign) -> None:
        """Answer the open call with a task."""
        self._answer(assign)

    def hurry(self, task_id: str, lease: int, *, followed: bool) -> None:
        """Do nothing: its logs can't be hurried."""

    def dismiss(self, status: WorkerStatus | None) -> None:
        """Answer the open call with the status to go to instead, or with nothing."""
        self._answer(status)

    def close(self, reason: str) -> None:
        """End the open call."""
        self.dismiss(None)

    def _answer(self, answer: protocol.Assign | WorkerStatus | None) -> None:
        if self._call is not None:
            call, self._call = self._call, None
            call(answer)


Link = SessionLink | PollingLink


def answer_to(session: Session, seq: int) -> Callable[[str | None], None]:
    """Function that acknowledges a message, or tells why it is refused."""
    return lambda refused: session.push(protocol.Acknowledge(seq, refused))
