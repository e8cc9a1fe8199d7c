"""The supervisor of all workers: registers them, keeps an actor for each, and parks."""

import logging
import uuid

import actors
from flamenco import clock
from flamenco.manager.events import worker_event
from flamenco.manager.notices import give
from flamenco.manager.parking import Wards
from flamenco.manager.refusals import Refusal
from flamenco.manager.scheduling.messages import Announce
from flamenco.manager.services import Services
from flamenco.manager.supervision import JOBS_AND_WORKERS
from flamenco.manager.tags import TagGone
from flamenco.manager.workers.actor import WorkerActor
from flamenco.manager.workers.joining import JoinTokens
from flamenco.manager.workers.messages import (
    AddJoinToken,
    ClockCorrected,
    ConfigChanged,
    EndJoinToken,
    FindWorkers,
    LogFollowed,
    RegisterWorker,
    SpendJoinToken,
    StartWorker,
    WaitForWorkers,
    WorkersFound,
    WorkersNotFound,
    WorkerTried,
)
from flamenco.manager.workers.parked import ParkedWorker
from flamenco.model.notices import NoticeKind
from flamenco.model.parking import ParkedKind
from flamenco.model.workers import Worker
from flamenco.store import PutWorker, all_join_tokens

logger = logging.getLogger(__name__)

FIND_AGAIN_SECONDS = 5.0


class Workers(actors.Actor):
    """Parent of the worker actors, each named by its id. It reads nothing while it handles."""

    replies_with = (Refusal,)
    supervision = JOBS_AND_WORKERS

    def __init__(self, services: Services) -> None:
        self._services = services
        self._looked = False
        self._waiting: list[actors.ReplyLater] = []
        self._join_tokens = JoinTokens(self)
        self._wards = Wards(self, services, ParkedKind.WORKER, WorkerActor, ParkedWorker)

    async def started(self) -> None:
        """Look for the workers."""
        self.tell(self.ref, FindWorkers())

    @actors.handles(FindWorkers)
    def find_workers(self, _: FindWorkers) -> None:
        """Read the workers on disk, in the background."""
        self.start_soon(self._find, done=lambda found: found, failed=WorkersNotFound)

    async def _find(self) -> WorkersFound:
        reader = self._services.reader
        return WorkersFound(
            ids=await reader.worker_ids(),
            readable=await reader.workers(),
            parked=await reader.parked(ParkedKind.WORKER),
            join_tokens=await reader.ask(all_join_tokens),
        )

    @actors.handles(WorkersFound)
    def workers_found(self, message: WorkersFound) -> None:
        """Start a stand-in for each parked worker, and an actor for each other one."""
        self._services.names.begin(message.readable)
        self._join_tokens.begin(message.join_tokens)
        for worker_id in message.ids:
            parked = message.parked.get(worker_id)
            if parked is None:
                self._wards.reach(worker_id)
            else:
                self._wards.park(worker_id, parked.reason, begins=False)
        self._have_looked()

    @actors.handles(WorkersNotFound)
    def workers_not_found(self, message: WorkersNotFound) -> None:
        """Try again soon."""
        logger.warning("the workers can't be read, trying again soon: %s", message.error)
        self.after(FIND_AGAIN_SECONDS, FindWorkers())
        self._have_looked()

    def _have_looked(self) -> None:
        self._looked = True
        for later in self._waiting:
            later(None)
        self._waiting.clear()

    @actors.handles(WaitForWorkers)
    def wait(self, _: WaitForWorkers) -> None:
        """Answer when the first look is over."""
        if not self._looked:
            self._waiting.append(self.defer_reply())

    @actors.handles(RegisterWorker)
    def register(self, message: RegisterWorker) -> None:
        """Store a new worker; its actor starts when it is on disk."""
        now = clock.now()
        token = self._join_tokens.spend(message.join_token) if message.join_token else None
        worker = Worker(
            id=str(uuid.uuid4()),
            name=message.name,
            secret_hash=message.secret_hash,
            address=message.address,
            platform=message.platform,
            task_types=message.task_types,
            specs=message.specs,
            awaits_approval=message.awaits_approval,
            tags=token.tags if token else (),
            created=now,
            updated=now,
        )
        self.record(PutWorker(worker))
        self.tell(self.ref, StartWorker(worker, self.defer_reply()))
        self.publish(worker_event(worker))
        if worker.awaits_approval:
            text = f"{worker.name} at {worker.address} waits until somebody approves it"
            give(self, [(NoticeKind.WORKER_WAITS, text)], worker_id=worker.id)

    @actors.handles(AddJoinToken)
    def add_join_token(self, message: AddJoinToken) -> None:
        """Let a join token count."""
        self._join_tokens.add(message.token)

    @actors.handles(SpendJoinToken)
    def spend_join_token(self, message: SpendJoinToken) -> None:
        """Use a join token for a worker that is here already."""
        self._join_tokens.spend(message.token_id)

    @actors.handles(EndJoinToken)
    def end_join_token(self, message: EndJoinToken) -> None:
        """Let a join token count no longer."""
        self._join_tokens.end(message.token_id)

    @actors.handles(StartWorker)
    def start_worker(self, message: StartWorker) -> None:
        """The worker is on disk: start its actor, and answer."""
        self._wards.reach(message.worker.id)
        message.answer(message.worker)

    @actors.handles(WorkerTried)
    def worker_tried(self, message: WorkerTried) -> None:
        """Note that the stand-in will end soon, and be followed by the worker's own actor."""
        self._wards.begin_again(message.worker_id)

    @actors.handles(actors.Terminated)
    def worker_ended(self, message: actors.Terminated) -> None:
        """Park a worker that crashed, or start one that is tried again."""
        self._wards.ended(message)

    @actors.handles(Announce, TagGone, LogFollowed, ClockCorrected, ConfigChanged)
    def pass_on(self, message: object) -> None:
        """Tell all workers that have actors."""
        if isinstance(message, TagGone):
            self._join_tokens.tag_gone(message.tag_id)
        for worker in self.children.values():
            self.tell(worker, message)
