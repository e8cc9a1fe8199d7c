"""What the scheduler is told of the workers."""

from collections import Counter
from itertools import pairwise

from flamenco import protocol
from flamenco.manager.jobs.messages import SetJobStatus, WakeJob, WorkerOffered
from flamenco.manager.scheduling.messages import WorkerStands
from flamenco.manager.workers.messages import WorkerReleased
from flamenco.model.board import Presence
from flamenco.model.statuses import JobStatus, WorkerStatus
from tests.manager.conftest import stage_at
from tests.patience import until


class Heard:
    """All messages that the farm's actors have handled, of these kinds."""

    def __init__(self) -> None:
        self.stands: list[WorkerStands] = []
        self.kinds: Counter[type] = Counter()

    def __call__(self, handler):
        def handle(actor, message):
            self.kinds[type(message)] += 1
            if isinstance(message, WorkerStands):
                self.stands.append(message)
            return handler(actor, message)

        return handle


async def test_an_offer_is_settled_once_by_its_lease_and_by_nothing_else(tmp_path):
    heard = Heard()
    async with stage_at(tmp_path, around=heard) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc:0 misc:1")
        for _ in range(3):
            assign = await anna.hears(protocol.Assign)
            anna.say(protocol.Heartbeat((protocol.HeldLease(assign.task_id, assign.lease),)))
            await anna.complete(assign)
        await stage.until_job(job, "completed")
        anna.say(protocol.Heartbeat(()))
        await anna.went_to(WorkerStatus.ASLEEP)
    assert sum(each.settled for each in heard.stands) == heard.kinds[WorkerOffered] == 3
    assert not any(each.begins for each in heard.stands)


async def test_signs_of_life_change_nothing_for_the_scheduler(tmp_path):
    heard = Heard()
    async with stage_at(tmp_path, around=heard) as stage:
        anna = await stage.worker("anna")
        for _ in range(5):
            anna.say(protocol.Heartbeat(()))
        await anna.went_to(WorkerStatus.AWAKE)
        await anna.went_to(WorkerStatus.ASLEEP)
        await until(lambda: heard.stands and heard.stands[-1].presence is Presence.ASLEEP)
    assert heard.stands
    assert all(before != after for before, after in pairwise(heard.stands))


async def test_of_a_new_life_of_a_worker_the_scheduler_is_told_once(tmp_path):
    async with stage_at(tmp_path) as stage:
        await stage.worker("anna")
    heard = Heard()
    async with stage_at(tmp_path, around=heard) as stage:
        await until(lambda: heard.stands)
        await stage.until_job(await stage.shaped("misc"), "queued")
    assert [each.begins for each in heard.stands].count(True) == 1


async def test_a_worker_whose_offer_came_to_nothing_is_offered_again(tmp_path):
    heard = Heard()
    async with stage_at(tmp_path, around=heard) as stage:
        job = await stage.shaped("misc")
        await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "no"))
        anna = await stage.worker("anna")
        await stage.until_job(job, "canceled")
        actor = await stage.farm.jobs.ask(WakeJob(job.id))
        actor.tell(SetJobStatus(JobStatus.REQUEUEING, "yes"))  # the scheduler offers her,
        actor.tell(
            SetJobStatus(JobStatus.CANCEL_REQUESTED, "no")
        )  # but the job has changed its mind
        await until(lambda: heard.kinds[WorkerReleased])
        other = await stage.shaped("misc")
        assert (await anna.hears(protocol.Assign)).job_id == other.id
