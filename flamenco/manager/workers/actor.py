"""The actor of one worker: how it comes and goes, the leases it holds, what is asked of it."""

from collections.abc import Iterable
from typing import Any

import attrs

import actors
from flamenco import clock, protocol
from flamenco.manager.jobs.leases import is_over
from flamenco.manager.jobs.messages import SignOfLife, TaskReport
from flamenco.manager.notices import tell_worker_change
from flamenco.manager.parking import TryAgain
from flamenco.manager.refusals import Conflict, NotAllowed, Refusal
from flamenco.manager.scheduling.messages import Announce
from flamenco.manager.services import Services
from flamenco.manager.tags import TagGone
from flamenco.manager.workers.arriving import told_by_call, told_by_hello
from flamenco.manager.workers.keeping import SIGN_ON_AGAIN, Keeping
from flamenco.manager.workers.leases import HeldLeases
from flamenco.manager.workers.life import BEAT_FASTER, NOT_WORKING, Life, lags
from flamenco.manager.workers.links import Link, PollingLink, SessionLink, answer_to
from flamenco.manager.workers.loads import Loads
from flamenco.manager.workers.messages import (
    Approve,
    AskForTask,
    AskStatus,
    ChangeStatus,
    CheckLife,
    ClockCorrected,
    ConfigChanged,
    Connect,
    Disconnected,
    FindLease,
    FollowSchedule,
    FromWorker,
    HeldBy,
    JobAwaited,
    LeaseClosed,
    LeaseOpened,
    LeaseReopened,
    LogFollowed,
    MayRun,
    NothingToDo,
    Permission,
    RemoveWorker,
    ReplaceKey,
    RequestWorkerStatus,
    Seen,
    Session,
    SetSchedule,
    SetWorkerTags,
    SignOff,
    SignOn,
    UsedTwice,
    WorkerReleased,
)
from flamenco.manager.workers.programs import Programs
from flamenco.manager.workers.provisioning import NEW_CONFIGURATION, Provisioning
from flamenco.manager.workers.schedule import (
    Alarm,
    is_sleep_time,
    next_time,
    request_after_approval,
    request_now,
    request_of_people,
    wanted_status,
)
from flamenco.manager.workers.standing import Standing, presence_of
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import (
    REVOKED,
    StatusRequest,
    Worker,
    after_sign_off,
    after_status_change,
    status_at_sign_on,
)
from flamenco.store import PutWorker, worker_key


class WorkerActor(actors.Actor):
    """The owner of a worker, which talks to it and holds its leases."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=100_000)

    def __init__(self, services: Services, worker_id: str) -> None:
        self._services = services
        self._id = worker_id
        self._worker: Worker
        self._link: Link | None = None
        self._leases = HeldLeases(self)
        self._standing = Standing(self)
        self._alarm = Alarm(self)
        self._life = Life(self, services)
        self._keeping = Keeping(self)
        self._loads = Loads(self)
        self._programs = Programs()
        self._provisioning = Provisioning(services)

    @property
    def snapshot_key(self) -> str:
        """Key of the snapshot."""
        return worker_key(self._id)

    def restore(self, snapshot: Any) -> None:
        """Take the worker and its leases as they are on disk."""
        self._worker = snapshot.worker
        for each in snapshot.leases:
            self._leases.take(each.task_id, each.job_id, each.number)

    async def started(self) -> None:
        """Watch for signs of life, follow the schedule, and tell the scheduler."""
        self._life.watch(self._worker.status)
        self._alarm.set(self._worker)
        self._stand(begins=True)

    # Changes

    def _change(self, **changes: Any) -> None:
        """Record a change of the worker, and tell the scheduler its consequences."""
        before, now = self._worker, clock.now()
        seen = now if self._link is not None else before.last_seen
        updated = now if changes else before.updated
        self._worker = attrs.evolve(before, **changes, last_seen=seen, updated=updated)
        self.record(PutWorker(self._worker))
        if changes:
            tell_worker_change(self, self._worker, before)
        self._dismiss_if_due()
        self._stand()
        self._life.watch(self._worker.status)

    def _dismiss_if_due(self) -> None:
        """End an open call for a task if the worker has to do something else."""
        request = self._worker.request
        if self._link and (request is not None or self._worker.status is not WorkerStatus.AWAKE):
            self._link.dismiss(request.status if request else None)

    @actors.handles(Announce, WorkerReleased)
    def announce(self, _: Announce | WorkerReleased) -> None:
        """Tell the worker's readiness to a new scheduler, or to one that may offer it again."""
        self._stand(settled=True)

    def _stand(self, *, settled: bool = False, begins: bool = False) -> None:
        presence = presence_of(self._worker, self._link, busy=bool(self._leases))
        self._standing.tell(self._worker, presence, settled=settled, begins=begins)

    # Signs of life

    @actors.handles(CheckLife)
    def check_life(self, _: CheckLife) -> None:
        """Give up on a worker that has been silent for too long."""
        name, timeout = self._worker.name, self._life.timeout
        if self._life.is_lost(self._worker.status):
            self._leases.give_all_back(f"worker {name} was silent for {timeout:g} seconds")
            self._hang_up("no sign of life")
            self._change(status=WorkerStatus.ERROR, request=None)
        self._life.watch(self._worker.status)

    @actors.handles(ConfigChanged)
    def config_changed(self, _: ConfigChanged) -> None:
        """Go by changed timeouts; who shows signs of life too rarely is told in a new session."""
        self._provide()
        if self._life.change(self._worker.status):
            self._end_session(BEAT_FASTER)

    def _end_session(self, reason: str) -> None:
        """Let the worker begin another session."""
        self._hang_up(reason)
        self._stand()

    def _provide(self) -> None:
        """Follow what the configuration has for it; a session that was told another one ends."""
        if (schedule := self._provisioning.schedule(self._worker)) != self._worker.schedule:
            slept = is_sleep_time(self._worker)
            self._change(schedule=schedule)
            self.follow_schedule(FollowSchedule(slept))
        if self._provisioning.has_changed(self._worker):
            self._end_session(NEW_CONFIGURATION)

    @actors.handles(Seen)
    def seen(self, message: Seen) -> None:
        """Note a sign of life."""
        self._life.heard()
        if message.secret_hash is not None and self._worker.secret_hash != REVOKED:
            self._change(secret_hash=message.secret_hash)

    # It comes, goes, and changes its status, whichever way it talks

    def _sign_on(
        self, link: Link, believed: Iterable[protocol.HeldLease], **changes: Any
    ) -> protocol.Welcome:
        """Begin a session. Of the leases that the worker names, those it really holds go on."""
        self._hang_up("the worker opened another session")
        name = self._services.names.take(self._id, changes.pop("name"))
        self._worker = attrs.evolve(self._worker, name=name)
        self._provide()
        self._link = link
        running = self._leases.believe(believed)
        status = status_at_sign_on(self._worker, sleep_time=is_sleep_time(self._worker))
        goes_on = running and self._worker.status is WorkerStatus.AWAKE
        period = self._life.begin(self._worker.status)
        self._change(**changes, status=WorkerStatus.AWAKE if goes_on else WorkerStatus.STARTING)
        return protocol.Welcome(status_requested=status, leases=running, heartbeat_seconds=period)

    def _hang_up(self, reason: str) -> None:
        if self._link is not None:
            self._link.close(reason)
            self._link = None

    def _went_to(self, status: WorkerStatus) -> None:
        before = self._worker
        after = after_status_change(before, status)
        self._change(status=after.status, request=after.request)
        if status not in (WorkerStatus.AWAKE, WorkerStatus.TESTING):
            self._leases.give_all_back(f"worker {before.name} went to {status.value}")

    def _sign_off(self) -> None:
        self._leases.give_all_back(f"worker {self._worker.name} signed off")
        after = after_sign_off(self._worker)
        self._change(status=after.status, request=after.request)

    # Sessions

    @actors.handles(Connect)
    def connect(self, message: Connect) -> protocol.Welcome:
        """Begin a session, and end an earlier one."""
        hello = message.hello
        if self._programs.come_back(hello.run):
            self.used_by_two(UsedTwice())
        welcome = self._sign_on(
            SessionLink(self, message.session, hello.can_hurry),
            hello.leases,
            **told_by_hello(message),
        )
        for task_id, _ in self._leases:
            self._hurry(task_id)
        return attrs.evolve(
            welcome,
            awaits_approval=self._worker.awaits_approval,
            provided=self._provisioning.tell(self._worker, hello),
        )

    def _speaks_in(self, session: Session) -> bool:
        return isinstance(self._link, SessionLink) and self._link.session is session

    @actors.handles(Disconnected)
    def disconnected(self, message: Disconnected) -> None:
        """Note the end of the session; the leases go on until the worker is given up."""
        if self._speaks_in(message.session):
            self._link = None
            self._stand()

    @actors.handles(FromWorker)
    def from_worker(self, message: FromWorker) -> None:
        """Handle a message of the session. An unknown one is of an earlier life, and is closed."""
        if not self._speaks_in(message.session):
            message.session.close(SIGN_ON_AGAIN)
            return
        self._life.heard()
        match message.message:
            case protocol.Report() as report:
                self._pass_on(report, message.seq or 0, message.session)
            case protocol.Heartbeat() as heartbeat:
                self._beat(heartbeat)
            case protocol.StateChanged(status):
                self._went_to(status)
                if status is WorkerStatus.AWAKE:
                    self._leases.want_again(lost_only=True)
                self._acknowledge(message)
            case protocol.SignOff():
                self._sign_off()
                self._acknowledge(message)

    def _pass_on(self, report: protocol.Report, seq: int, session: Session) -> None:
        """Pass a report on to its job, or keep it until the actor of the job is back."""
        answer = answer_to(session, seq)
        held = self._leases.of(report.task_id)
        if held is None:
            self._services.counters.stale_reports += 1
            self.after_commit(answer, is_over(report.task_id, report.lease))
            return
        message = TaskReport(worker=self._worker, report=report, seq=seq, answer=answer)
        job = self._leases.job(held)
        if job is not None and not self._keeping.awaits(held.job_id):
            self.tell(job, message)
        elif not self._keeping.keep(held.job_id, message):
            self._hang_up(SIGN_ON_AGAIN)

    @actors.handles(JobAwaited)
    def job_awaited(self, message: JobAwaited) -> None:
        """Pass the reports on to their job, or let the worker send them again."""
        for report in self._keeping.let_go(message.job_id):
            held = self._leases.of(report.report.task_id)
            job = self._leases.job(held) if message.is_back and held is not None else None
            if job is not None:
                self.tell(job, report)
            else:
                self._end_session(SIGN_ON_AGAIN)

    def _beat(self, heartbeat: protocol.Heartbeat) -> None:
        self._change()
        self._loads.take(self._id, heartbeat.load)
        self._leases.show_life(heartbeat.leases)

    def _acknowledge(self, message: FromWorker) -> None:
        if message.seq is not None:
            self.after_commit(message.session.push, protocol.Acknowledge(message.seq))

    @actors.handles(LogFollowed)
    def log_followed(self, message: LogFollowed) -> None:
        """Note that the log of a task is now being followed, or no longer."""
        self._hurry(message.task_id, always=True)

    def _hurry(self, task_id: str, *, always: bool = False) -> None:
        """Tell the worker that somebody follows the log; that nobody does only ``always``."""
        held, followed = self._leases.of(task_id), task_id in self._services.viewers
        if self._link is not None and held and held.running and (followed or always):
            self._link.hurry(task_id, held.number, followed=followed)

    # Calls of a worker that polls

    def _called(self) -> None:
        """Take a call of a polling worker, perhaps its first since a restart of the Manager."""
        self._life.heard()
        if self._link is None:
            self._link = PollingLink()
            self._stand()
        if lags(self._worker.last_seen):
            self._change()

    @actors.handles(SignOn)
    def sign_on(self, message: SignOn) -> WorkerStatus:
        """Begin to be polled by the worker, and end a session."""
        told = told_by_call(message, self._worker.specs)
        return self._sign_on(PollingLink(), (), **told).status_requested

    @actors.handles(SignOff)
    def sign_off(self, _: SignOff) -> None:
        """Set the worker to offline, and hand back its leases."""
        self._called()
        self._sign_off()
        self._hang_up("the worker signed off")

    @actors.handles(AskStatus)
    def ask_status(self, _: AskStatus) -> WorkerStatus | None:
        """The status that it should go to, if any."""
        self._called()
        return wanted_status(self._worker)

    @actors.handles(ChangeStatus)
    def change_status(self, message: ChangeStatus) -> None:
        """Note that the worker went to a status."""
        self._called()
        self._went_to(message.status)

    @actors.handles(AskForTask)
    def ask_for_task(self, _: AskForTask) -> WorkerStatus | None:
        """Give it a task, or again the one that it already holds (reference rules §6)."""
        self._called()
        worker, wanted = self._worker, wanted_status(self._worker)
        if wanted is not None:
            return wanted
        if worker.status is not WorkerStatus.AWAKE:
            raise Conflict(f"worker {worker.name} is {worker.status.value}, not awake")
        if not isinstance(self._link, PollingLink):
            raise Conflict(f"worker {worker.name} has a session, in which it gets its tasks")
        self._link.await_task(self.defer_reply())
        self._leases.want_again()
        self._stand()
        return None

    @actors.handles(NothingToDo)
    def nothing_to_do(self, _: NothingToDo) -> None:
        """End the open call for a task without one."""
        if self._link is not None:
            self._link.dismiss(None)
        self._stand()

    @actors.handles(MayRun)
    def may_run(self, message: MayRun) -> Permission:
        """The permission to go on, which a lazy request does not end (reference api §4)."""
        self._called()
        request, held = self._worker.request, self._leases.of(message.task_id)
        if request is not None and not request.lazy:
            return Permission.STATUS_REQUESTED
        if held is None:
            return Permission.NOT_HELD
        self._leases.tell_job(held, SignOfLife(message.task_id, held.number))
        return Permission.GRANTED

    @actors.handles(FindLease)
    def find_lease(self, message: FindLease) -> HeldBy | None:
        """The lease that it holds of a task."""
        self._called()
        held = self._leases.of(message.task_id)
        if held is None:
            self._services.counters.stale_reports += 1
            return None
        return HeldBy(held.job_id, held.number)

    # Leases

    @actors.handles(LeaseOpened)
    def lease_opened(self, message: LeaseOpened) -> None:
        """Hand the task over, or give it back if the worker is not free."""
        assign, awake = message.assign, self._worker.status is WorkerStatus.AWAKE
        held = self._leases.take(assign.task_id, assign.job_id, assign.lease)
        free = awake and not self._leases.runs_another(assign.task_id)
        if free and self._link is not None and self._link.takes_tasks:
            held.running = True
            self._link.hand_over(self._services.expand(assign, self._worker))
            self._hurry(assign.task_id)
        else:
            self._leases.give_back(assign.task_id, held, f"worker {self._worker.name} is not free")
        self._stand(settled=True)

    @actors.handles(LeaseReopened)
    def lease_reopened(self, message: LeaseReopened) -> None:
        """Close the session after a crash of the job, so that reports are sent again."""
        held = self._leases.take(message.task_id, message.job.name, message.lease)
        if self._worker.status in NOT_WORKING:
            self._leases.give_back(message.task_id, held, f"worker {self._worker.name} is away")
        self._end_session(SIGN_ON_AGAIN)

    @actors.handles(LeaseClosed)
    def lease_closed(self, message: LeaseClosed) -> None:
        """Let go of the task; the worker stops it if it still runs."""
        if not self._leases.drop(message.task_id, message.lease):
            return
        if message.revoke and self._link is not None:
            self._link.push(protocol.Revoke(message.task_id, message.lease, message.revoke))
        self._stand()

    # What people, and the clock, ask of it

    @actors.handles(RequestWorkerStatus)
    def request_status(self, message: RequestWorkerStatus) -> None:
        """Ask the worker for a status, or cancel an earlier request."""
        self._request(request_of_people(self._worker, message.status, lazy=message.lazy))
        if self._worker.request is None and self._link is not None:
            self._link.push(protocol.RequestStatus(message.status, message.lazy))

    def _request(self, request: StatusRequest | None, **changes: Any) -> None:
        self._change(request=request, **changes)
        if request is not None and self._link is not None:
            self._link.push(protocol.RequestStatus(request.status, request.lazy))

    @actors.handles(Approve)
    def approve(self, _: Approve) -> None:
        """Let it work, as from its sleep."""
        self._request(request_after_approval(self._worker), awaits_approval=False)

    @actors.handles(ReplaceKey)
    def replace_key(self, message: ReplaceKey) -> None:
        """Let another secret count, or none."""
        self._hang_up("the worker's credentials were replaced")
        self._change(secret_hash=message.secret_hash, used_twice=None)

    @actors.handles(UsedTwice)
    def used_by_two(self, _: UsedTwice) -> None:
        """Note that two machines have its credentials."""
        self._change(used_twice=clock.now())

    @actors.handles(SetWorkerTags)
    async def set_tags(self, message: SetWorkerTags) -> None:
        """Set the tags that exist. If one is deleted later, this actor is told."""
        known = {tag.id for tag in await self._services.reader.tags()}
        self._change(tags=tuple(sorted(known.intersection(message.tag_ids))))
        self._provide()

    @actors.handles(TagGone)
    def tag_gone(self, message: TagGone) -> None:
        """Remove a tag that was deleted."""
        if message.tag_id in self._worker.tags:
            self._change(tags=tuple(tag for tag in self._worker.tags if tag != message.tag_id))
            self._provide()

    @actors.handles(SetSchedule)
    def set_schedule(self, message: SetSchedule) -> None:
        """Set the schedule, which applies at once and overrides earlier requests."""
        self._change(schedule=message.schedule)
        self.follow_schedule(FollowSchedule())

    @actors.handles(ClockCorrected)
    def clock_corrected(self, _: ClockCorrected) -> None:
        """Follow the schedule by the corrected clock."""
        self._alarm.set_anew(self._worker)

    @actors.handles(FollowSchedule)
    def follow_schedule(self, message: FollowSchedule) -> None:
        """Request the status that the schedule wants now, and come back when that changes."""
        if (request := request_now(self._worker, slept=message.slept)) is not None:
            self._request(request)
        self._change(schedule_due=next_time(self._worker))
        self._alarm.set(self._worker)

    @actors.handles(TryAgain)
    def try_again(self, _: TryAgain) -> None:
        """Refuse, since only a parked worker can be tried again."""
        raise NotAllowed("the worker is not parked")

    @actors.handles(RemoveWorker)
    def remove(self, message: RemoveWorker) -> None:
        """Forget the worker; its tasks go back to the queue."""
        since = message.unchanged_since
        if since is not None and self._worker.updated > since:
            raise NotAllowed(f"worker {self._worker.name} has changed in the meantime")
        self._leases.give_all_back(f"worker {self._worker.name} was deleted")
        self._change(deleted_at=clock.now(), status=WorkerStatus.OFFLINE, request=None)
        self._hang_up("the worker was deleted")
        self._standing.gone(self._id)
        self._services.names.drop(self._id)
        self.stop()
