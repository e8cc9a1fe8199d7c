"""Every command of the Worker, through the whole farm."""

import pytest

from tests.faults.farm import open_farm, shell, task
from tests.faults.scene import render, save_scene
from tests.programs import need

pytestmark = pytest.mark.slow


async def test_every_command_runs_through_the_whole_farm(tmp_path):
    need("ffmpeg")
    scene = save_scene(tmp_path / "scene.blend", samples=1)
    frames, film, copy = tmp_path / "frames", tmp_path / "film.mp4", tmp_path / "copy" / "film.mp4"
    video = {
        "exe": "ffmpeg",
        "fps": 24.0,
        "inputGlob": str(tmp_path / "done" / "*.png"),
        "outputFile": str(film),
        "args": ["-c:v", "libx264", "-y"],
    }
    commands = (
        ("echo", {"message": "hello"}),
        ("sleep", {"duration_in_seconds": 1}),
        shell("echo from a program"),
        ("make-directory", {"path": str(frames)}),
        ("blender-render", render(scene, frames, "1..2"), 2),
        ("move-directory", {"src": str(frames), "dest": str(tmp_path / "done")}),
        ("frames-to-video", video),
        ("copy-file", {"src": str(film), "dest": str(copy)}),
        ("test-frame", {"frame": 1, "frames": 2, "width": 32, "height": 18, "output": str(frames)}),
    )
    async with open_farm(tmp_path) as farm:
        await farm.worker("anna")
        job = await farm.submit(task("all", *commands))
        status, log = await farm.finished(job), farm.task_log(job)
        assert status == "completed", log
        done = await farm.task(job)
    assert (done["steps_completed"], done["steps_total"]) == (10, 10)
    for said in ('echo: "hello"', "slept 1s", "> from a program", "Saved:", "is now"):
        assert said in log
    assert copy.read_bytes() == film.read_bytes()
    assert len([*(tmp_path / "done").glob("*.png")]) == 2


async def test_a_command_nobody_knows_fails_and_says_so(tmp_path):
    async with open_farm(tmp_path) as farm:
        await farm.worker("anna")
        job = await farm.submit(task("odd", ("make-coffee", {})))
        assert await farm.finished(job) == "failed"
        assert 'unknown command: "make-coffee"' in (await farm.task(job))["activity"]
