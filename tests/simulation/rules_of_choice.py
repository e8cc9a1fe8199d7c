"""Rules for assigning tasks to workers."""

from flamenco import protocol
from flamenco.manager.jobs.messages import WhyWaiting
from flamenco.manager.tags import SaveTag
from flamenco.manager.workers.messages import RequestWorkerStatus, SetSchedule, SetWorkerTags
from flamenco.model import livejob
from flamenco.model.board import Board, Presence
from flamenco.model.jobs import JobRequirements
from flamenco.model.livejob import LiveJob
from flamenco.model.schedules import SleepSchedule
from flamenco.model.specs import Requirements, Specs
from flamenco.model.statuses import RUNNABLE_JOBS, JobStatus, WorkerStatus
from flamenco.model.workers import WorkerTag
from tests.simulation.rules import Scene, empty, hears_nothing, shows

_change_lane = Board.change_lane
_is_ready = LiveJob.is_ready


def without_priority(self, lane, job_priority, made, more, place=0):
    return _change_lane(self, lane, 50, made, more, place)


def youngest_first(self, lane, job_priority, made, more, place=0):
    return _change_lane(self, lane, job_priority, -made, more, place)


def without_dependencies(self, task_id):
    self._unfinished.clear()
    return _is_ready(self, task_id)


@shows("flamenco.model.board.Board.change_lane", instead=without_priority)
async def the_job_of_higher_priority_comes_first(scene: Scene) -> None:
    async with scene() as stage:
        await stage.shaped("misc", priority=10)
        high = await stage.shaped("misc", priority=90)
        anna = await stage.worker("anna")
        assert (await anna.hears(protocol.Assign)).job_id == high.id


@shows("flamenco.model.board.Board.change_lane", instead=youngest_first)
async def of_two_alike_the_older_job_comes_first(scene: Scene) -> None:
    async with scene() as stage:
        older = await stage.shaped("misc")
        await stage.shaped("misc")
        anna = await stage.worker("anna")
        assert (await anna.hears(protocol.Assign)).job_id == older.id


@shows("flamenco.model.livejob.LiveJob.is_ready", instead=without_dependencies)
async def a_task_waits_for_those_it_depends_on(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc misc:0")
        await anna.hears(protocol.Assign)
        await hears_nothing(await stage.worker("bert"))


@shows("flamenco.model.board.lacks", instead=empty)
async def a_worker_gets_the_task_types_it_offers(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("exotic")
        await hears_nothing(anna)


@shows("flamenco.model.board.lacks", instead=empty)
async def a_job_with_a_tag_goes_to_workers_with_it(scene: Scene) -> None:
    async with scene() as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        fast = await stage.farm.tags.ask(SaveTag(WorkerTag(id="", name="fast"), new=True))
        await stage.farm.worker(bert.id).ask(SetWorkerTags((fast.id,)))
        await stage.shaped("misc", worker_tag=fast.id)
        await bert.hears(protocol.Assign)
        await stage.shaped("misc", worker_tag=fast.id)
        await hears_nothing(anna)


@shows("flamenco.model.board.missing", instead=empty)
async def a_machine_that_is_too_small_gets_nothing(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna", Specs(memory_mib=8_000))
        needs = JobRequirements(Requirements(memory_mib=32_000))
        await stage.shaped("misc", requirements=needs)
        await hears_nothing(anna)


@shows("flamenco.model.livejob.RUNNABLE_JOBS", instead=RUNNABLE_JOBS | {JobStatus.PAUSED})
async def a_job_submitted_as_paused_waits(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc", status=JobStatus.PAUSED)
        await hears_nothing(anna)


@shows("flamenco.model.livejob.APPROVAL", instead="no type")
async def an_approval_waits_for_a_person(scene: Scene) -> None:
    async with scene() as stage:
        job = await stage.shaped("approval")
        await stage.worker("anna")
        assert "approve" in await stage.ask(job, WhyWaiting())
        assert livejob.APPROVAL == "approval"


@shows("flamenco.manager.scheduling.actor.why_waiting", instead=lambda *_: "")
async def a_task_that_waits_says_for_what(scene: Scene) -> None:
    async with scene() as stage:
        await stage.worker("anna")
        job = await stage.shaped("exotic")
        assert "anna lacks the task type exotic" in await stage.ask(job, WhyWaiting())


@shows(
    "flamenco.manager.workers.actor.presence_of",
    instead=lambda _, link, busy: Presence.IDLE if link else Presence.AWAY,
)
async def a_worker_that_is_to_sleep_gets_nothing_more(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        request = RequestWorkerStatus(WorkerStatus.ASLEEP, lazy=True)
        await stage.farm.worker(anna.id).ask(request)
        await anna.hears(protocol.RequestStatus)
        await stage.shaped("misc")
        await hears_nothing(anna)


@shows("flamenco.manager.workers.schedule.wants_sleep", instead=lambda *_: False)
async def a_schedule_sends_a_worker_to_sleep(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.farm.worker(anna.id).ask(SetSchedule(SleepSchedule(is_active=True)))
        assert (await anna.hears(protocol.RequestStatus)).status is WorkerStatus.ASLEEP
