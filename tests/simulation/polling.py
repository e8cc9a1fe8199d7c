"""A simulated worker of Flamenco 3: it calls, and hears of nothing but by the answers."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import attrs
import trio

import actors
from flamenco import protocol
from flamenco.manager.asking import ask_job
from flamenco.manager.farm import Farm
from flamenco.manager.jobs.messages import ReportTask
from flamenco.manager.refusals import NotWhileParked, Refusal
from flamenco.manager.workers.messages import (
    AskForTask,
    AskStatus,
    ChangeStatus,
    FindLease,
    MayRun,
    Permission,
    RegisterWorker,
    SignOff,
    SignOn,
)
from flamenco.model.specs import Specs
from flamenco.model.statuses import TaskStatus, WorkerStatus
from tests.simulation.ledger import Ledger
from tests.simulation.nature import nature_of
from tests.simulation.network import SLOWEST_SECONDS

NO_TASK_SECONDS = 4.0
AFTER_TASK_SECONDS = 2.0
REFUSED_SECONDS = 30.0
MAY_I_RUN_SECONDS = 10.0
ASLEEP_SECONDS = 3.0
SIGN_ON_SECONDS = 5.0
FLUSH_SECONDS = 15.0

LEAVE = (WorkerStatus.OFFLINE, WorkerStatus.RESTART)


class Unreachable(Exception):
    """Nobody answered the call; the Manager may have heard it all the same."""


@attrs.define(eq=False, kw_only=True)
class PollingWorker:
    """One machine. Its buffer of reports outlives its crashes; what it runs doesn't."""

    name: str
    task_types: tuple[str, ...]
    specs: Specs
    random: Random
    ledger: Ledger
    manager: Callable[[], Farm | None]
    """The Manager that runs at the moment."""
    nursery: trio.Nursery
    id: str = ""
    status: WorkerStatus = WorkerStatus.STARTING
    run: protocol.HeldLease | None = None
    down: bool = False
    """True if the machine is off, or its network is."""
    buffer: list[protocol.Report] = attrs.field(factory=list)
    """Reports that the Manager has not taken yet, oldest first; their leases are not sent."""
    _process: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    _task: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    _flushing: trio.Lock = attrs.field(factory=trio.Lock)

    async def live(self) -> None:
        """Run the Worker again and again."""
        self.nursery.start_soon(self._flush_now_and_then)
        while True:
            with trio.CancelScope() as self._process:
                try:
                    await self._sign_on()
                    while self.status not in LEAVE:
                        await (
                            self._sleep() if self.status is WorkerStatus.ASLEEP else self._work()
                        )
                    await self._call(SignOff())
                except (Unreachable, Refusal):
                    pass
            self.status = WorkerStatus.STARTING
            await trio.sleep(SIGN_ON_SECONDS * (0.5 + self.random.random()))

    def crash(self) -> None:
        """The process is killed: what it ran is gone, what it had to report is not."""
        self._process.cancel()

    def cut(self, *, noticed_after: float = 0.0) -> None:
        """No connection stays open between two calls."""

    @property
    def waits(self) -> bool:
        """True if it has nothing to do, and the Manager could know it."""
        return (
            self.status is WorkerStatus.AWAKE
            and self.run is None
            and not self.down
            and not self.buffer
        )

    # Calls

    async def _call(self, message: actors.Request[Any]) -> Any:
        """Raises `Unreachable`, or what the Manager refuses it with."""
        await self._travel()
        actor = self._farm.worker(self.id)
        if actor is None:
            self.id = ""
            raise Unreachable
        try:
            return await self._answered(actor.ask(message, timeout=20))
        except NotWhileParked as error:
            raise Unreachable from error

    async def _answered(self, asked: Awaitable[Any]) -> Any:
        try:
            answer = await asked
        except actors.ActorError as error:
            raise Unreachable from error
        await self._travel()
        return answer

    async def _travel(self) -> None:
        await trio.sleep(self.random.random() * SLOWEST_SECONDS)
        if self.down:
            raise Unreachable

    @property
    def _farm(self) -> Farm:
        farm = self.manager()
        if farm is None:
            raise Unreachable
        return farm

    # Status

    async def _sign_on(self) -> None:
        await self._travel()
        if not self.id or not self.ledger.knows_worker(self.id):
            self.buffer.clear()
            registration = RegisterWorker(
                name=self.name,
                secret_hash="x",
                platform="linux",
                address="127.0.0.1",
                task_types=self.task_types,
                specs=self.specs,
            )
            self.id = (await self._answered(self._farm.workers.ask(registration))).id
        hello = SignOn(
            address="127.0.0.1",
            name=self.name,
            software="3.9",
            task_types=self.task_types,
            can_restart=True,
            capabilities=None,
        )
        await self._go(await self._call(hello))

    async def _go(self, status: WorkerStatus) -> None:
        if status not in LEAVE:
            await self._call(ChangeStatus(status))
        self.status = status

    async def _sleep(self) -> None:
        await trio.sleep(ASLEEP_SECONDS)
        wanted = await self._call(AskStatus())
        if wanted is not None:
            await self._go(wanted)

    async def _work(self) -> None:
        """Ask for a task, and run it."""
        try:
            given = await self._call(AskForTask())
        except (Unreachable, Refusal):
            await trio.sleep(REFUSED_SECONDS)
            if not self.id:
                raise
            return
        if isinstance(given, WorkerStatus):
            await self._go(given)
        elif given is not None:
            await self._carry_out(given)
            await trio.sleep(AFTER_TASK_SECONDS)
        else:
            await trio.sleep(NO_TASK_SECONDS)

    # A task

    async def _carry_out(self, assign: protocol.Assign) -> None:
        lease = protocol.HeldLease(assign.task_id, assign.lease)
        nature = nature_of(assign.commands[0].parameters["message"])
        self.ledger.run_begins(self.id, lease)
        self.run = lease
        try:
            async with trio.open_nursery() as nursery:
                self._task = nursery.cancel_scope
                nursery.start_soon(self._ask_whether_it_may_run)
                await self._report(lease, TaskStatus.ACTIVE, "started", log="begin\n")
                await trio.sleep(nature.seconds)
                self._end_run(lease)
                if self.name in nature.shunned_by:
                    await self._report(lease, TaskStatus.QUEUED, "can't", blocklist="not there")
                elif nature.failed_by(self.name):
                    await self._report(lease, TaskStatus.FAILED, "it broke")
                else:
                    await self._report(lease, TaskStatus.COMPLETED, "done", log="end\n")
                nursery.cancel_scope.cancel()
        finally:
            self._end_run(lease)

    def _end_run(self, lease: protocol.HeldLease) -> None:
        self.ledger.run_ended(self.id, lease)
        self.run = None

    async def _ask_whether_it_may_run(self) -> None:
        while self.run is not None:
            await trio.sleep(MAY_I_RUN_SECONDS)
            if self.run is not None:
                try:
                    permission = await self._call(MayRun(self.run.task_id))
                except (Unreachable, Refusal):
                    continue
                if permission is not Permission.GRANTED:
                    self._task.cancel()

    async def _report(
        self, lease: protocol.HeldLease, status: TaskStatus, activity: str, **more: str
    ) -> None:
        self.buffer.append(
            protocol.Report(
                task_id=lease.task_id, lease=lease.lease, status=status, activity=activity, **more
            )
        )
        await self._flush()

    async def _flush_now_and_then(self) -> None:
        while True:
            await trio.sleep(FLUSH_SECONDS)
            if self.id:
                await self._flush()

    async def _flush(self) -> None:
        """Send what waits; what is refused is dropped, and so is the task that it is about."""
        async with self._flushing:
            while self.buffer:
                said = self.buffer[0]
                try:
                    counted = await self._say(said)
                except Unreachable:
                    return
                if self.buffer and self.buffer[0] is said:
                    del self.buffer[0]
                if not counted and self.run is not None and self.run.task_id == said.task_id:
                    self._task.cancel()

    async def _say(self, said: protocol.Report) -> bool:
        """True if it counted. It counts for the lease that the worker holds, as it names none."""
        try:
            held = await self._call(FindLease(said.task_id))
            if held is None:
                return False
            report = attrs.evolve(said, lease=held.lease)
            told = ask_job(self._farm.system, held.job_id, ReportTask(self.id, report))
            await self._answered(told)
        except Refusal:
            return False
        self.ledger.acknowledged(self.id, report, None)
        return True
