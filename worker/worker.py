"""The Worker itself: its status, its one task, and its handling of the Manager's messages.

State changes here are synchronous. The waiting is done by two Trio tasks: `_work` runs the assigned
tasks, one after the other; `live` follows the status that the Worker is asked for.
"""

import logging
import math

import attrs
import trio

from flamenco import __version__
from flamenco.config.worker import WorkerConfig
from flamenco.model.statuses import WORKER_REQUESTS, TaskStatus, WorkerStatus
from flamenco.model.workers import StatusRequest
from flamenco.proofs import new_nonce
from flamenco.protocol import (
    Acknowledge,
    Assign,
    HeldLease,
    Hello,
    Hurry,
    Message,
    Provided,
    Report,
    RequestStatus,
    Revoke,
    SignOff,
    StateChanged,
    Welcome,
)
from worker.command import Conditions
from worker.executor import Execution, Workshop
from worker.machine import Machine
from worker.provided import keep_provided, read_provided, told, with_provided

log = logging.getLogger(__name__)

SIGN_OFF_SECONDS = 5.0
"""Maximum seconds for the Manager to acknowledge the last messages."""
SIGNALLED_EXIT_CODE = 1
LEAVING = frozenset({WorkerStatus.OFFLINE, WorkerStatus.RESTART})


@attrs.define(eq=False)
class Held:
    """A task that this worker holds, from its assignment until it has ended."""

    execution: Execution
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    hand_back: str = ""
    """Reason for handing it back to the Manager; empty if it is not handed back."""

    @property
    def lease(self) -> HeldLease:
        return HeldLease(self.execution.assign.task_id, self.execution.assign.lease)

    @property
    def name(self) -> str:
        return self.execution.assign.name

    def drop(self) -> None:
        """Stop it at once and report nothing: the lease is over."""
        self.scope.cancel()

    def give_back(self, reason: str) -> None:
        """Stop it at once and hand it back, so that another worker can run it."""
        if not self.scope.cancel_called:
            self.hand_back = reason
            self.scope.cancel()


class Worker:
    """The worker of one machine, with one slot for tasks. The station of a `Session`."""

    def __init__(self, config: WorkerConfig, workshop: Workshop, machine: Machine) -> None:
        self.config = config
        self.machine = machine
        self.status = WorkerStatus.STARTING
        self.stopping = False
        """True if a signal has asked the Worker to stop."""
        self._retiring = False
        self._own = config
        self._provided = read_provided(config.home)
        self._keeper = workshop.keeper
        self._workshop = workshop
        self._began = trio.current_time()
        self._run = new_nonce()
        self._outbox = workshop.outbox
        self._request: StatusRequest | None = None
        self._held: Held | None = None
        self._news = trio.Event()
        self._assigned, self._to_run = trio.open_memory_channel[Held](math.inf)
        self._equip()

    async def live(self) -> int:
        """Work until it is time to leave, then hand back, sign off and return the exit code."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._work)
            nursery.start_soon(self._await_checks)
            status = await self._follow_requests()
            nursery.cancel_scope.cancel()
        await self._sign_off()
        if self.stopping:
            return SIGNALLED_EXIT_CODE
        return self.config.restart_exit_code if status is WorkerStatus.RESTART else 0

    def stop(self) -> None:
        """Leave for good: requests of the Manager no longer matter."""
        self.request(WorkerStatus.OFFLINE, lazy=False)
        self.stopping = True

    def request(self, status: WorkerStatus, *, lazy: bool) -> None:
        """Go to a status, after the present task if ``lazy``, else at once."""
        if status not in WORKER_REQUESTS:
            log.warning("Asked for status %s, which a Worker cannot have; going to sleep", status)
            status = WorkerStatus.ASLEEP
        if self._retiring and status not in LEAVING:
            if status is WorkerStatus.AWAKE:
                return
            status = WorkerStatus.OFFLINE
        if not self.stopping:
            self._request = StatusRequest(status, lazy)
            self._tell()

    def retire(self) -> None:
        """Leave after the present task, or earlier if asked to sleep at once."""
        self._retiring = True
        self.request(WorkerStatus.OFFLINE, lazy=True)

    def go_offline(self) -> None:
        """Only deliver the remaining messages from now on."""
        self.status = WorkerStatus.OFFLINE
        self._outbox.add(SignOff())

    @property
    def is_busy(self) -> bool:
        """True if it holds a task."""
        return self._held is not None

    @property
    def running(self) -> HeldLease | None:
        """The lease of the running task, unless that is being stopped."""
        held = self._held
        return None if held is None or held.scope.cancel_called else held.lease

    @property
    def is_idle(self) -> bool:
        """True if it waits for a task."""
        return self._held is None and self.status is WorkerStatus.AWAKE

    async def wait_for_change(self) -> None:
        """Wait until status, request or task change."""
        await self._news.wait()

    # The interface to the session

    async def takes(self, provided: tuple[Provided, ...]) -> bool:
        """Go by what the Manager has for this Worker, if that is new; then the hello differs."""
        if provided == self._provided:
            return False
        log.info("The Manager has a configuration for this Worker, which it takes")
        self._provided = provided
        self._equip()
        await trio.to_thread.run_sync(keep_provided, self._own.home, provided)
        return True

    def _equip(self) -> None:
        """Go by the configuration as it is now; a running task goes on as it was."""
        self.config = config = with_provided(self._own, self._provided)
        self.machine.take(config)
        self._workshop = attrs.evolve(
            self._workshop,
            conditions=Conditions.of(config),
            keeper=self._keeper if config.warm_blender else None,
        )

    def hello(self) -> Hello:
        return Hello(
            name=self.config.name,
            software_version=__version__,
            task_types=self.machine.task_types,
            can_hurry=True,
            can_restart=self.config.restart_exit_code != 0,
            leases=self.held_leases(),
            specs=self.machine.specs,
            uptime=trio.current_time() - self._began,
            run=self._run,
            settings=told(self.config),
        )

    def held_leases(self) -> tuple[HeldLease, ...]:
        """The leases of the running task and of tasks whose end the Manager does not know yet."""
        ended = self._outbox.ended_leases()
        held = self._held
        is_over = held is None or (held.scope.cancel_called and not held.hand_back)
        return ended if held is None or is_over else (*ended, held.lease)

    def living_leases(self) -> tuple[HeldLease, ...]:
        """The held leases whose task makes progress."""
        held = self._held
        is_still = held is not None and not held.execution.usage.is_alive
        leases = self.held_leases()
        return tuple(each for each in leases if not (is_still and held and each == held.lease))

    def welcomed(self, welcome: Welcome) -> None:
        """Drop a task that is no longer ours, and go to the status that the Manager wants."""
        if self._held is not None and self._held.lease not in welcome.leases:
            log.warning("Task %s is no longer this Worker's; stopping it", self._held.name)
            self._held.drop()
        if self._held is not None:
            self._held.execution.follow(False)  # noqa: FBT003
        if self.status is WorkerStatus.OFFLINE:
            return  # the session is only back for the last messages
        if self.status is not WorkerStatus.STARTING:
            self._outbox.add(StateChanged(self.status))
        if welcome.status_requested is not self.status:
            self.request(welcome.status_requested, lazy=True)

    def received(self, message: Message) -> None:
        match message:
            case Assign():
                self._assign(message)
            case Revoke(task_id, lease, reason):
                self._drop(task_id, lease, reason)
                self._outbox.forget(task_id, lease)
            case Hurry(task_id, lease, followed):
                if self._held is not None and self._held.lease == HeldLease(task_id, lease):
                    self._held.execution.follow(followed)
            case RequestStatus(status, lazy):
                self.request(status, lazy=lazy)
            case Acknowledge(seq, refused):
                self._acknowledge(seq, refused)
            case _:
                log.warning("The Manager sent an unexpected %s", type(message).__name__)

    def _assign(self, assign: Assign) -> None:
        new = Held(Execution(assign, self._workshop))
        held = self._held
        if held is not None and held.lease == new.lease:
            return  # pushed again
        if held is not None and held.lease.task_id == assign.task_id:
            held.drop()
        if self.status is not WorkerStatus.AWAKE or self._request is not None:
            new.execution.report(TaskStatus.QUEUED, f"{self.config.name} is not awake")
        elif held is not None and not held.scope.cancel_called:
            new.execution.report(TaskStatus.QUEUED, f"{self.config.name} runs {held.name} already")
        else:
            self._held = new
            self._assigned.send_nowait(new)
            self._tell()

    def _acknowledge(self, seq: int, refused: str | None) -> None:
        message = self._outbox.acknowledge(seq)
        if refused is None:
            return
        log.warning("The Manager refused message %d: %s", seq, refused)
        if isinstance(message, Report):
            self._drop(message.task_id, message.lease, refused)

    def _drop(self, task_id: str, lease: int, reason: str) -> None:
        """Stop the task if it is the one that is held, and report nothing: its lease is over."""
        if self._held is not None and self._held.lease == HeldLease(task_id, lease):
            log.warning("Task %s is stopped: %s", self._held.name, reason)
            self._held.drop()

    # Life

    async def _work(self) -> None:
        async for held in self._to_run:
            is_stopped = held.scope.cancel_called
            if not is_stopped:
                log.info("Task %s starts", held.name)
                with held.scope:
                    await held.execution.run()
                is_stopped = held.scope.cancelled_caught
                log.info("Task %s %s", held.name, "was stopped" if is_stopped else "ended")
            if held.execution.was_impossible:
                self.machine.look_again()
            if is_stopped and held.hand_back:
                held.execution.report(TaskStatus.QUEUED, held.hand_back)
            if self._held is held:
                self._held = None
            self._tell()

    async def _follow_requests(self) -> WorkerStatus:
        """Go to each status that is asked for; returns the one that means leaving."""
        while True:
            news, request, held = self._news, self._request, self._held
            if request is None:
                await news.wait()
            elif held is not None and request.status is not WorkerStatus.AWAKE:
                if not request.lazy:
                    held.give_back(f"{self.config.name} goes {request.status}")
                await news.wait()
            elif request.status in LEAVING:
                return request.status
            elif request.status is WorkerStatus.AWAKE and not self.machine.is_checked:
                self._go_to(WorkerStatus.TESTING)
                await news.wait()
            else:
                self._request = None
                self._go_to(request.status)

    async def _await_checks(self) -> None:
        await self.machine.wait_for_checks()
        self._tell()

    def _go_to(self, status: WorkerStatus) -> None:
        if status is self.status is WorkerStatus.TESTING:
            return
        if self.status is WorkerStatus.ASLEEP and status is WorkerStatus.AWAKE:
            self.machine.look_again()
        self.status = status
        if status is WorkerStatus.ASLEEP and self._keeper:
            self._keeper.dismiss()
        log.info("The Worker is %s", status)
        self._outbox.add(StateChanged(status))
        self._tell()

    async def _sign_off(self) -> None:
        if self.status is WorkerStatus.STARTING:
            return
        self.go_offline()
        with trio.move_on_after(SIGN_OFF_SECONDS):
            await self._outbox.wait_until_empty()
            log.info("Signed off")

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()
