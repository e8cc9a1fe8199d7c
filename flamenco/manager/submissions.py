"""Submissions: each is an actor that compiles a job and stores it, then hands it over.

A large job is stored in pieces, so that the commits of the farm's other work fall in between.
Until the last piece it is under construction, and not visible.
"""

import logging
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

import actors
from flamenco import clock
from flamenco.config.manager import ExecConfig
from flamenco.jobtypes import (
    CompileError,
    Compiler,
    SettingsError,
    UnknownJobType,
    validate_settings,
)
from flamenco.manager.deletions import Erase
from flamenco.manager.events import job_event
from flamenco.manager.jobs.messages import StartJob
from flamenco.manager.notices import give
from flamenco.manager.packs import KEPT, check_not_given_up
from flamenco.manager.refusals import Conflict, NotAllowed, NotFound, Outdated, Refusal
from flamenco.manager.services import DELETIONS, JOBS, Services
from flamenco.model.access import Role
from flamenco.model.execs import refusal
from flamenco.model.happenings import MANAGER, Happening, Kind
from flamenco.model.jobs import CompiledJob, Job, JobRequirements, Task
from flamenco.model.jobtypes import JobToCompile
from flamenco.model.livejob import LiveJob
from flamenco.model.notices import of_job
from flamenco.model.planned import planned_frames
from flamenco.model.statuses import JobStatus
from flamenco.model.unc import Shares
from flamenco.model.warnings import overwriting, unoffered
from flamenco.store import (
    ForgetSubmissions,
    InsertJob,
    InsertTasks,
    PutHappening,
    PutJob,
    Reader,
    RememberSubmission,
    unfinished_writers,
)

logger = logging.getLogger(__name__)

ALLOWED_AT_FIRST = (JobStatus.QUEUED, JobStatus.PAUSED)
"""Statuses that a job may be submitted with."""

TASKS_AT_ONCE = 200
"""Number of tasks that are stored in one transaction."""

CLEAR_SECONDS = 60.0


@attrs.frozen
class Key:
    """A mark by which a submission that is repeated is known: the job of the first is its answer.

    Keys are remembered for a day.
    """

    text: str
    digest: str
    """Hash of all that is submitted, which is the same each time."""


@attrs.frozen(kw_only=True)
class SubmitJob(actors.Request[Job]):
    """Compile and start a job."""

    name: str
    type: str
    etag: str | None = None
    priority: int = 50
    settings: Mapping[str, Any]
    metadata: Mapping[str, str]
    worker_tag: str | None = None
    shaman_checkout_id: str | None = None
    requirements: JobRequirements = attrs.field(factory=JobRequirements)
    keep: bool = False
    status: JobStatus = JobStatus.QUEUED
    key: Key | None = None
    """The submitter's mark of this submission, if it has one."""
    by: str = MANAGER
    """Submitter of the job."""
    owner_id: str = ""
    """The user who submits it; empty if nobody has signed in."""
    role: Role = Role.OPERATOR
    """Role of the submitter; without users everybody has all of them."""


@attrs.frozen
class FindSubmitted(actors.Request[Job | None]):
    """The job that was submitted with a key before, if there is one.

    Raises `Refusal` if it can't be the answer to another submission with that key.
    """

    key: Key


@attrs.frozen
class CheckIdle(actors.Request[None]):
    """Question whether a submission with a key is under way; then it is refused."""

    key: str


@attrs.frozen
class Compiled:
    """The result of the job type's script for a submitted job."""

    outcome: CompiledJob | Exception


@attrs.frozen
class StoreMore:
    """Store the next tasks of a compiled job."""


@attrs.frozen
class ClearAway:
    """Erase jobs whose submission was interrupted."""


async def checked_settings(job: SubmitJob, compiler: Compiler) -> Mapping[str, Any]:
    """The complete settings of a job, checked by what is known of its type, without running it.

    Raises `Refusal`.
    """
    try:
        job_type = await compiler.job_type(job.type)
        if job.etag and job.etag != job_type.etag:
            raise Outdated(f"job type {job.type} has changed, refresh the job types")
        return validate_settings(job_type, job.settings)
    except (UnknownJobType, CompileError, SettingsError) as error:
        raise Refusal(str(error)) from error


async def compile_submission(message: SubmitJob, job: Job, services: Services) -> CompiledJob:
    """Tasks that a job type's script makes of a submitted job. Raises `Refusal`."""
    settings = await checked_settings(message, services.compiler)
    try:
        outcome = await services.compiler.compile(_to_compile(job, settings))
    except (UnknownJobType, CompileError) as error:
        raise Refusal(str(error)) from error
    _check_programs(outcome, message.role, services.config.exec)
    try:
        job.requirements.stricter(outcome.requirements)
    except ValueError as error:
        raise Refusal(f"the requirements of its job type: {error}") from error
    offered = await services.reader.offered_types()
    warnings = (
        *unoffered((task.type for task in outcome.tasks), offered),
        *await _overwriting(outcome, services.reader),
    )
    return attrs.evolve(outcome, warnings=warnings)


def _check_programs(outcome: CompiledJob, role: Role, policy: ExecConfig) -> None:
    """Raises `Refusal` if the job runs a program that it may not."""
    refused = refusal(
        (each for task in outcome.tasks for each in task.commands),
        role,
        enabled=policy.enabled,
        least=policy.role,
        programs=policy.programs,
    )
    if refused:
        raise Refusal(refused)


async def _overwriting(outcome: CompiledJob, reader: Reader) -> tuple[str, ...]:
    """Warnings of other jobs that write the same files."""
    output = outcome.settings.get("render_output_path")
    if not isinstance(output, str) or not output:
        return ()
    others = await reader.ask(lambda db: unfinished_writers(db, output))
    return overwriting(str(outcome.settings.get("frames") or ""), others)


def as_compiled(job: Job, outcome: CompiledJob) -> Job:
    """A job as the job type's script has left it."""
    return attrs.evolve(
        job,
        name=job.name if outcome.name is None else outcome.name,
        priority=job.priority if outcome.priority is None else outcome.priority,
        settings=outcome.settings,
        metadata=outcome.metadata,
        requirements=job.requirements.stricter(outcome.requirements),
        warnings=outcome.warnings,
    )


async def files_of(message: SubmitJob, reader: Reader) -> str | None:
    """The folder that belongs to a job: the pack that its key got, else what it names.

    Raises `Refusal` if that is the pack of another submission.
    """
    named = message.shaman_checkout_id
    pack = await reader.pack_of(message.key.text) if message.key else None
    if named and named != pack and await reader.is_pack(named):
        raise Refusal(f"storage.shaman_checkout_id: {named} belongs to another submission")
    return pack or named


async def submittable(message: SubmitJob, reader: Reader) -> Job:
    """The job of a submission, still without its tasks. Raises `Refusal`."""
    if message.status not in ALLOWED_AT_FIRST:
        raise Refusal(f"initial_status: expected queued or paused, got {message.status.value}")
    return attrs.evolve(_new_job(message), shaman_checkout_id=await files_of(message, reader))


class Submissions(actors.Actor):
    """The parent of the submissions, which erases jobs that the end of the Manager interrupted."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=10_000)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._answers: dict[str, actors.ReplyLater] = {}  # {name of the child: answer}
        self._keys: dict[str, str] = {}  # {key under way: name of its child}

    async def started(self) -> None:
        """Erase interrupted jobs, now and from time to time."""
        self.tell(self.ref, ClearAway())
        self.every(CLEAR_SECONDS, ClearAway())

    @actors.handles(SubmitJob)
    async def submit(self, message: SubmitJob) -> Job | None:
        """Start an actor for the job, which answers, unless it was submitted before."""
        key = message.key
        if key is not None and (known := await self._known(key)) is not None:
            return known
        if key is not None:
            await check_not_given_up(key.text, self._services.reader)
        job = await submittable(message, self._services.reader)
        if key is not None:
            self._keys[key.text] = job.id
        answer = self.defer_reply()
        child = self.spawn(
            Submission, self._services, message, job, answer, name=job.id, restart="temporary"
        )
        self._answers[job.id] = answer
        self.watch(child)
        return None

    @actors.handles(CheckIdle)
    def check_idle(self, message: CheckIdle) -> None:
        """Refuse while a submission with the key is under way."""
        if message.key in self._keys:
            raise Conflict("this submission is under way: repeat it in a moment")

    @actors.handles(FindSubmitted)
    async def find_submitted(self, message: FindSubmitted) -> Job | None:
        """The job that was submitted with a key."""
        return await self._known(message.key)

    async def _known(self, key: Key) -> Job | None:
        """The job that was submitted with a key. Raises `Refusal` if it can't be the answer."""
        if key.text in self._keys:
            raise Conflict("this submission is under way: repeat it in a moment")
        found = await self._services.reader.submission(key.text)
        if found is None:
            return None
        if found.digest != key.digest:
            raise NotAllowed("Idempotency-Key: it belongs to a submission that is not the same")
        job = await self._services.reader.job(found.job_id)
        if job is None:
            raise NotFound("the job that was submitted with this Idempotency-Key is deleted")
        return job

    @actors.handles(actors.Terminated)
    def ended(self, message: actors.Terminated) -> None:
        """Tell the submitter why a submission crashed, and erase everything stored of it."""
        answer = self._answers.pop(message.ref.name)
        self._keys = {key: name for key, name in self._keys.items() if name != message.ref.name}
        if message.exit.error is not None:
            failure = actors.CommitFailed(f"the job could not be stored: {message.exit.error}")
            answer.fail(failure)
            self.tell(self.ref, ClearAway())

    @actors.handles(ClearAway)
    async def clear_away(self, _: ClearAway) -> None:
        """Erase jobs under construction without a submission; unreadable ones the next time."""
        reader, deletions = self._services.reader, self.system.find(DELETIONS)
        yesterday = clock.now() - KEPT
        try:
            if await reader.has_submissions_before(yesterday):
                self.record(ForgetSubmissions(yesterday))
            for job in await reader.half_made_jobs():
                if deletions is not None and job.id not in self._answers:
                    self.tell(deletions, Erase(job, await reader.task_count(job.id)))
        except sqlite3.Error as error:
            logger.warning("interrupted jobs can't be erased now: %s", error)


class Submission(actors.Actor):
    """One job on its way into the farm."""

    replies_with = (Refusal,)

    def __init__(
        self, services: Services, message: SubmitJob, job: Job, answer: actors.ReplyLater
    ) -> None:
        self._services = services
        self._message = message
        self._live = LiveJob(job)
        self._answer = answer
        self._pieces: Iterator[InsertTasks] = iter(())

    async def started(self) -> None:
        """Begin to compile the job."""
        self.start_soon(self._compile, done=Compiled, failed=Compiled)

    async def _compile(self) -> CompiledJob:
        return await compile_submission(self._message, self._live.job, self._services)

    @actors.handles(Compiled)
    def store(self, message: Compiled) -> None:
        """Refuse the job, or begin to store it."""
        job, outcome = self._live.job, message.outcome
        if isinstance(outcome, Exception):
            self._answer.fail(outcome)
            self.stop()
        else:
            job = as_compiled(job, outcome)
            self.record(InsertJob(attrs.evolve(job, status=JobStatus.UNDER_CONSTRUCTION)))
            self._live.job = job
            self._pieces = pieces(job, self._message.settings, outcome)
            self._store_more()

    @actors.handles(StoreMore)
    def store_more(self, _: StoreMore) -> None:
        """Store the next piece; after the last one the job begins."""
        self._store_more()

    def _store_more(self) -> None:
        piece, live = next(self._pieces, None), self._live
        if piece is not None:
            self.record(piece)
            live.grow(piece.tasks)
            steps = live.job.steps_total + sum(task.steps_total for task in piece.tasks)
            live.job = attrs.evolve(live.job, steps_total=steps)
        if piece is not None and len(piece.tasks) == TASKS_AT_ONCE:
            self.tell(self.ref, StoreMore())
            return
        live.complete()
        self.record(PutJob(live.job))
        if (key := self._message.key) is not None:
            made = live.job.created
            self.record(RememberSubmission(key.text, key.digest, live.job.id, made))
        give(self, of_job(attrs.evolve(live.job, approvals=0), live.job), job_id=live.job.id)
        self.record(PutHappening(_submitted(live.job, self._message.by)))
        jobs = self.system.find(JOBS)
        if jobs is not None:
            self.tell(jobs, StartJob(live))
        self.publish(job_event(live.job))
        self.after_commit(self._answer, live.job)
        self.after_commit(self.stop)


def _submitted(job: Job, by: str) -> Happening:
    """The first entry in the history of a job."""
    return Happening(
        job_id=job.id, at=job.created, kind=Kind.REQUEST, what="submit", detail=job.name, author=by
    )


def _new_job(message: SubmitJob) -> Job:
    now = clock.now()
    return Job(
        id=str(uuid.uuid4()),
        name=message.name,
        type=message.type,
        priority=message.priority,
        status=message.status,
        activity=f"{message.status.value}: submitted",
        settings=message.settings,
        metadata=message.metadata,
        worker_tag=message.worker_tag,
        shaman_checkout_id=message.shaman_checkout_id,
        requirements=message.requirements,
        keep=message.keep,
        owner_id=message.owner_id,
        created=now,
        updated=now,
    )


def _to_compile(job: Job, settings: Mapping[str, Any]) -> JobToCompile:
    return JobToCompile(
        id=job.id,
        name=job.name,
        type=job.type,
        created=job.created,
        priority=job.priority,
        settings=dict(settings),
        metadata=dict(job.metadata),
        worker_tag=job.worker_tag,
        shaman_checkout_id=job.shaman_checkout_id,
    )


def pieces(job: Job, submitted: Mapping[str, Any], compiled: CompiledJob) -> Iterator[InsertTasks]:
    """The tasks of a job with their ids, in the pieces in which they are stored.

    Paths on the servers that the ``submitted`` settings name are as Windows has them.

    The ids of a job's tasks follow each other, so that they lie side by side in the database.
    """
    beginning = str(uuid.uuid4())[:-8]
    shares = Shares.of(submitted, compiled.settings)

    def id_of(place: int) -> str:
        return compiled.tasks[place].id or f"{beginning}{place:08x}"

    for start in range(0, len(compiled.tasks), TASKS_AT_ONCE):
        chosen = compiled.tasks[start : start + TASKS_AT_ONCE]
        tasks = tuple(
            Task(
                id=id_of(place),
                job_id=job.id,
                idx=place + 1,
                name=task.name,
                type=task.type,
                priority=task.priority,
                depends_on=tuple(map(id_of, task.depends_on)),
                steps_total=task.steps_total,
                frames=planned_frames(task.commands),
                created=job.created,
                updated=job.updated,
            )
            for place, task in enumerate(chosen, start)
        )
        yield InsertTasks(tasks, tuple(shares.commands(task.commands) for task in chosen))
