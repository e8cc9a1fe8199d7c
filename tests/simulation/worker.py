"""A simulated worker: keeps to docs/worker-protocol.md, whatever the world does with it."""

from collections.abc import Callable
from random import Random

import attrs
import trio

import actors
from flamenco import protocol
from flamenco.manager.farm import Farm
from flamenco.manager.refusals import Refusal
from flamenco.manager.workers.messages import Connect, RegisterWorker
from flamenco.model.specs import Specs
from flamenco.model.statuses import TaskStatus, WorkerStatus
from flamenco.model.workers import StatusRequest
from tests.simulation.ledger import Ledger
from tests.simulation.nature import Nature, nature_of
from tests.simulation.network import Link

RECONNECT_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0


@attrs.define(eq=False)
class Run:
    """A task that this worker holds."""

    assign: protocol.Assign
    nature: Nature
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    @property
    def lease(self) -> protocol.HeldLease:
        return protocol.HeldLease(self.assign.task_id, self.assign.lease)


@attrs.define(eq=False, kw_only=True)
class SimulatedWorker:
    """One machine. Its outbox outlives its crashes; what it runs doesn't."""

    name: str
    task_types: tuple[str, ...]
    specs: Specs
    random: Random
    ledger: Ledger
    manager: Callable[[], Farm | None]
    """The Manager that runs at the moment."""
    nursery: trio.Nursery
    doubled: float
    overtaking: float
    id: str = ""
    link: Link | None = None
    status: WorkerStatus = WorkerStatus.STARTING
    run: Run | None = None
    down: bool = False
    """True if the machine is off, or its network is."""
    outbox: dict[int, protocol.Message] = attrs.field(factory=dict)
    _request: StatusRequest | None = None
    _seq: int = 0

    # Sessions

    async def live(self) -> None:
        """Connect again and again."""
        while True:
            farm = self.manager()
            if farm is not None and not self.down:
                try:
                    await self._sign_on(farm)
                except (actors.ActorError, Refusal):
                    self.cut()
            await trio.sleep(RECONNECT_SECONDS * (0.5 + self.random.random()))

    async def _sign_on(self, farm: Farm) -> None:
        if not self.id or not self.ledger.knows_worker(self.id):
            await self._register(farm)
        actor = farm.worker(self.id)
        if actor is None:
            return
        link = Link(actor, self.nursery, self.random, self._hear, self.doubled, self.overtaking)
        welcome = await actor.ask(Connect(link, "127.0.0.1", self._hello()), timeout=20)
        if self.down or not link.is_open:
            link.cut()
            return
        self.link = link
        self._welcomed(welcome)
        self.nursery.start_soon(self._beat, link)
        await link.ended.wait()

    async def _register(self, farm: Farm) -> None:
        self.drop()
        self.outbox.clear()
        registered = await farm.workers.ask(
            RegisterWorker(
                name=self.name,
                secret_hash="x",
                platform="linux",
                address="127.0.0.1",
                task_types=self.task_types,
            )
        )
        self.id = registered.id

    def _hello(self) -> protocol.Hello:
        return protocol.Hello(
            name=self.name,
            software_version="1",
            task_types=self.task_types,
            can_restart=True,
            leases=self._held(),
            specs=self.specs,
        )

    def _held(self) -> tuple[protocol.HeldLease, ...]:
        ended = {
            protocol.HeldLease(message.task_id, message.lease): None
            for message in self.outbox.values()
            if isinstance(message, protocol.Report) and message.status is not TaskStatus.ACTIVE
        }
        return (*ended, self.run.lease) if self.run else tuple(ended)

    def _welcomed(self, welcome: protocol.Welcome) -> None:
        if self.run is not None and self.run.lease not in welcome.leases:
            self.drop()
        self._resend()
        if self.status is not WorkerStatus.STARTING:
            self.say(protocol.StateChanged(self.status))
        if welcome.status_requested is not self.status:
            self._asked(StatusRequest(welcome.status_requested, lazy=True))

    def _resend(self) -> None:
        """The messages that the Manager has not acknowledged, without those no longer true."""
        for seq, message in list(self.outbox.items()):
            if isinstance(message, protocol.Report):
                self._send(message, seq)
            else:
                del self.outbox[seq]

    async def _beat(self, link: Link) -> None:
        while link.is_open:
            link.send(protocol.Heartbeat(self._held()), None)
            await trio.sleep(HEARTBEAT_SECONDS)

    def say(self, message: protocol.Message) -> None:
        """Send a reliable message."""
        self._seq += 1
        self.outbox[self._seq] = message
        self._send(message, self._seq)

    def _send(self, message: protocol.Message, seq: int | None) -> None:
        if self.link is not None and self.link.is_open:
            self.link.send(message, seq)

    def cut(self, *, noticed_after: float = 0.0) -> None:
        """The session is gone."""
        if self.link is not None:
            self.link.cut(noticed_after=noticed_after)
            self.link = None

    def crash(self) -> None:
        """The process is killed: what it ran is gone, what it had to report is not."""
        self.cut(noticed_after=self.random.choice((0.0, 5.0)))
        self.drop()
        self.status, self._request = WorkerStatus.STARTING, None

    def drop(self) -> None:
        """Stop what runs, and say nothing."""
        if self.run is not None:
            self.ledger.run_ended(self.id, self.run.lease)
            self.run.scope.cancel()
            self.run = None

    # What the Manager says

    def _hear(self, message: protocol.Message) -> None:
        match message:
            case protocol.Assign():
                self._assigned(message)
            case protocol.Revoke(task_id, lease):
                self._stop(task_id, lease)
            case protocol.RequestStatus(status, lazy):
                self._asked(StatusRequest(status, lazy))
            case protocol.Acknowledge(seq, refused):
                said = self.outbox.pop(seq, None)
                if isinstance(said, protocol.Report):
                    self.ledger.acknowledged(self.id, said, refused)
                    if refused is not None:
                        self._stop(said.task_id, said.lease)

    def _stop(self, task_id: str, lease: int) -> None:
        if self.run is not None and self.run.lease == protocol.HeldLease(task_id, lease):
            self.drop()
            self._follow()

    def _assigned(self, assign: protocol.Assign) -> None:
        lease = protocol.HeldLease(assign.task_id, assign.lease)
        if self.run is not None and self.run.lease == lease:
            return
        if self.run is not None and self.run.lease.task_id == assign.task_id:
            self.drop()
        if self.run is not None or self.status is not WorkerStatus.AWAKE or self._request:
            self._report(lease, TaskStatus.QUEUED, "not free")
            return
        nature = nature_of(assign.commands[0].parameters["message"])
        self.run = Run(assign, nature)
        self.ledger.run_begins(self.id, self.run.lease)
        self.nursery.start_soon(self._work, self.run)

    async def _work(self, run: Run) -> None:
        with run.scope:
            self._report(run.lease, TaskStatus.ACTIVE, "started", log="begin\n")
            await trio.sleep(run.nature.seconds)
            self.ledger.run_ended(self.id, run.lease)
            self.run = None
            if self.name in run.nature.shunned_by:
                self._report(run.lease, TaskStatus.FAILED, "can't", blocklist="it is not there")
            elif run.nature.failed_by(self.name):
                self._report(run.lease, TaskStatus.FAILED, "it broke")
            else:
                self._report(run.lease, TaskStatus.COMPLETED, "done", log="end\n")
            self._follow()

    def _report(
        self, lease: protocol.HeldLease, status: TaskStatus, activity: str, **more: str
    ) -> None:
        self.say(
            protocol.Report(
                task_id=lease.task_id, lease=lease.lease, status=status, activity=activity, **more
            )
        )

    # Status

    def _asked(self, request: StatusRequest) -> None:
        self._request = request
        self._follow()

    def _follow(self) -> None:
        """Go to the status that was asked for, as soon as that may be."""
        request = self._request
        if request is None:
            return
        if self.run is not None and request.status is not WorkerStatus.AWAKE:
            if request.lazy:
                return
            lease = self.run.lease
            self.drop()
            self._report(lease, TaskStatus.QUEUED, f"goes {request.status.value}")
        self._request = None
        if request.status in (WorkerStatus.OFFLINE, WorkerStatus.RESTART):
            self.say(protocol.SignOff())
            self.status = WorkerStatus.STARTING
            self.nursery.start_soon(self._leave)
        else:
            self.status = request.status
            self.say(protocol.StateChanged(request.status))

    async def _leave(self) -> None:
        await trio.sleep(1.0)
        self.cut()

    @property
    def waits(self) -> bool:
        """True if it has nothing to do, and the Manager could know it."""
        return (
            self.link is not None
            and self.status is WorkerStatus.AWAKE
            and self.run is None
            and self._request is None
            and not self.outbox
        )
