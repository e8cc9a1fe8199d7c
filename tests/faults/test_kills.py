"""`kill -9` of Worker or Manager in the middle of a render: the job is done, and counts once."""

from contextlib import suppress

import psutil
import pytest

from tests.faults.farm import ends, open_farm, task
from tests.faults.scene import render, save_scene
from tests.patience import until

pytestmark = pytest.mark.slow

FRAMES = 4


@pytest.fixture
def job(tmp_path):
    """Some frames of a second each, to be rendered by one task."""
    scene = save_scene(tmp_path / "scene.blend", samples=1000)
    command = ("blender-render", render(scene, tmp_path / "frames", f"1..{FRAMES}"), FRAMES)
    return task("render", command, kind="blender")


async def blender_below(pid: int) -> int:
    """The pid of the Blender that a Worker runs, once it renders."""

    def look() -> int | None:
        for each in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "blender" in each.name():
                    return each.pid
        return None

    return await until(look)


def frames(folder):
    return sorted(frame.name for frame in (folder / "frames").glob("*.png"))


ALL = [f"{number:06}.png" for number in range(1, FRAMES + 1)]


async def test_a_killed_workers_blender_dies_with_it_and_its_task_is_done_again(tmp_path, job):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna", task_types=("blender",))
        job_id = await farm.submit(job)
        await until(lambda: frames(tmp_path))
        blender = await blender_below(anna.pid)
        await anna.kill()
        await ends(blender)
        assert frames(tmp_path) != ALL
        await farm.worker("anna", task_types=("blender",))
        assert await farm.finished(job_id) == "completed"
        assert farm.task_log(job_id).count("going to run") == 2
        assert [each["ending"] for each in await farm.attempts(job_id)][-1] == "completed"
    assert frames(tmp_path) == ALL


async def test_a_killed_workers_task_goes_to_another_one(tmp_path, job):
    async with open_farm(tmp_path, worker_timeout="6s") as farm:
        anna = await farm.worker("anna", task_types=("blender",))
        job_id = await farm.submit(job)
        await until(lambda: frames(tmp_path))
        await anna.kill()
        await farm.worker("bert", task_types=("blender",))
        assert await farm.finished(job_id) == "completed"
        names = [each["worker"]["name"] for each in await farm.attempts(job_id)]
        assert names == ["anna", "bert"]
        await farm.until_worker("anna", "error")
    assert frames(tmp_path) == ALL


async def test_a_render_outlives_its_manager_and_counts_once(tmp_path, job):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna", task_types=("blender",))
        job_id = await farm.submit(job)
        await until(lambda: frames(tmp_path))
        blender = await blender_below(anna.pid)
        await farm.manager.kill()
        await ends(blender)
        assert frames(tmp_path) == ALL
        await farm.start_manager()
        assert await farm.finished(job_id) == "completed"
        log = farm.task_log(job_id)
        assert log.count("going to run") == 1
        assert log.count("Saved:") == FRAMES
        assert [each["ending"] for each in await farm.attempts(job_id)] == ["completed"]
        assert (await farm.task(job_id))["steps_completed"] == FRAMES


async def test_a_manager_that_comes_back_in_the_middle_of_a_render_lets_it_go_on(tmp_path, job):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna", task_types=("blender",))
        job_id = await farm.submit(job)
        await until(lambda: frames(tmp_path))
        blender = await blender_below(anna.pid)
        await farm.manager.kill()
        await farm.start_manager()
        await ends(blender)
        assert await farm.finished(job_id) == "completed"
        assert farm.task_log(job_id).count("going to run") == 1
    assert frames(tmp_path) == ALL
