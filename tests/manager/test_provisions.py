"""Workers get their configuration from the Manager, anew when it changes."""

import attrs
import pytest

from flamenco import protocol
from flamenco.config.manager import manager_config_from
from flamenco.manager.tags import SaveTag
from flamenco.manager.workers.messages import (
    ConfigChanged,
    Connect,
    SetSchedule,
    SetWorkerTags,
)
from flamenco.model.jobs import Command
from flamenco.model.provisions import WorkerSetting
from flamenco.model.schedules import SleepSchedule
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import WorkerTag
from tests.patience import until

ECHO = Command("echo", {"message": "{who}"})


def configure(stage, *entries):
    """Let the farm run with these entries of `worker_configuration`."""
    services = stage.farm.services
    wanted = manager_config_from({"worker_configuration": list(entries)})
    services.take_over(
        attrs.evolve(services.config, worker_configuration=wanted.worker_configuration)
    )
    stage.farm.workers.tell(ConfigChanged())


async def signs_on(played, settings=()):
    """The welcome of a worker that takes its configuration from the Manager."""
    hello = protocol.Hello(
        name=played.name, software_version="1", task_types=("misc",), settings=settings
    )
    played.closed = None
    return await played.farm.worker(played.id).ask(Connect(played, "127.0.0.1", hello))


async def test_a_worker_is_told_what_is_for_its_name_and_for_its_tags(stage):
    anna, berta = await stage.registered("render-anna"), await stage.registered("desk-berta")
    tag = await stage.farm.tags.ask(SaveTag(WorkerTag(id="", name="GPU"), new=True))
    configure(
        stage,
        {"match": "render-*", "niceness": 5},
        {
            "tags": ["GPU"],
            "niceness": 9,
            "variables": {"x": {"values": [{"platform": "linux", "value": "/x"}]}},
        },
    )
    (told,) = (await signs_on(anna)).provided
    assert told == protocol.Provided(
        origin="worker_configuration[0] of the Manager", settings={"niceness": 5}
    )
    assert (await signs_on(berta)).provided == ()
    await stage.farm.worker(berta.id).ask(SetWorkerTags((tag.id,)))
    await until(lambda: berta.closed is not None)
    (told,) = (await signs_on(berta)).provided
    assert (told.settings, told.variables) == ({"niceness": 9}, {"x": "/x"})


async def test_who_was_told_another_configuration_is_asked_to_sign_on_again(stage):
    anna, berta = await stage.registered("anna"), await stage.registered("berta")
    old = await stage.worker("old")
    await signs_on(anna)
    await signs_on(berta)
    configure(stage, {"match": "anna", "niceness": 5})
    await until(lambda: anna.closed is not None)
    assert "configuration" in anna.closed
    assert (berta.closed, old.closed) == (None, None)
    assert (await signs_on(anna)).provided != ()


async def test_a_renamed_tag_counts_by_its_new_name(stage):
    anna = await stage.registered("anna")
    tag = await stage.farm.tags.ask(SaveTag(WorkerTag(id="", name="old"), new=True))
    await stage.farm.worker(anna.id).ask(SetWorkerTags((tag.id,)))
    configure(stage, {"tags": ["new"], "niceness": 5})
    assert (await signs_on(anna)).provided == ()
    await stage.farm.tags.ask(SaveTag(attrs.evolve(tag, name="new"), new=False))
    await until(lambda: anna.closed is not None)
    assert (await signs_on(anna)).provided != ()


async def test_what_counts_for_a_worker_is_kept(stage):
    anna = await stage.registered("anna")
    settings = (WorkerSetting("niceness", "5", "line 3"),)
    await signs_on(anna, settings)
    (worker,) = await stage.farm.services.reader.workers()
    assert worker.settings == settings


@pytest.mark.parametrize("left", [{}, {"sleep_schedule": {"active": False}}])
async def test_who_sleeps_by_a_schedule_of_the_configuration_wakes_up_when_that_goes(stage, left):
    configure(stage, {"sleep_schedule": {}})
    anna = await stage.registered("anna")
    assert (await anna.connect()).status_requested is WorkerStatus.ASLEEP
    configure(stage, left)
    assert (await anna.hears(protocol.RequestStatus)).status is WorkerStatus.AWAKE


async def test_a_worker_with_a_new_name_gets_the_schedule_of_that_name(stage):
    configure(stage, {"match": "night-*", "sleep_schedule": {}})
    anna = await stage.registered("anna")
    anna.name = "night-anna"
    assert (await anna.connect()).status_requested is WorkerStatus.ASLEEP


async def test_a_schedule_of_the_configuration_comes_and_goes_with_it_but_not_that_of_people(stage):
    async def schedule_of(played):
        workers = await stage.farm.services.reader.workers()
        return next(each.schedule for each in workers if each.id == played.id)

    anna, berta = await stage.registered("anna"), await stage.registered("berta")
    own = SleepSchedule(is_active=False, days_of_week=("su",))
    await stage.farm.worker(berta.id).ask(SetSchedule(own))
    configure(stage, {"sleep_schedule": {"days": "mo"}})
    await signs_on(anna)
    await signs_on(berta)
    assert (await schedule_of(anna)).days_of_week == ("mo",)
    assert await schedule_of(berta) == own
    configure(stage)
    await signs_on(anna)
    assert await schedule_of(anna) is None
    assert await schedule_of(berta) == own


def values(**by_platform):
    """A variable as a file of the configuration has it."""
    return {"values": [{"platform": each, "value": value} for each, value in by_platform.items()]}


async def said(stage, played, platform="linux"):
    """What a worker on a platform is told to say."""
    assign = protocol.Assign(
        task_id="t",
        lease=1,
        job_id="j",
        name="n",
        job_type="x",
        task_type="misc",
        priority=1,
        job_priority=1,
        commands=(ECHO,),
        steps_total=1,
    )
    workers = {each.id: each for each in await stage.farm.services.reader.workers()}
    worker = attrs.evolve(workers[played.id], platform=platform)
    return stage.farm.services.expand(assign, worker).commands[0].parameters["message"]


async def test_tasks_come_with_the_variables_of_their_worker(stage):
    configure(stage, {"match": "anna", "variables": {"who": values(all="anna herself")}})
    anna, berta = await stage.registered("anna"), await stage.registered("berta")
    told = [await said(stage, each) for each in (anna, berta, anna)]
    assert told == ["anna herself", "{who}", "anna herself"]


async def test_a_variable_without_a_value_for_the_platform_leaves_the_earlier_one(stage):
    configure(
        stage,
        {"variables": {"who": values(linux="first", windows="first")}},
        {"variables": {"who": values(linux="second")}},
    )
    anna = await stage.registered("anna")
    told = [await said(stage, anna, each) for each in ("linux", "windows", "darwin")]
    assert told == ["second", "first", "{who}"]
    services = stage.farm.services
    farm = manager_config_from({"variables": {"who": values(all="the farm")}}).variables
    services.take_over(attrs.evolve(services.config, variables=farm))
    assert await said(stage, anna, "darwin") == "the farm"
