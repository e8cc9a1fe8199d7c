"""Manager, Worker and submission on separate terminals, with the real Blender."""

import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.running import (
    finished_status,
    get,
    run,
    running_manager,
    running_worker,
    submit,
    wait_for,
)
from tests.programs import need

pytestmark = pytest.mark.slow

SCENE = """
import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 2, False
scene.render.resolution_x, scene.render.resolution_y = 96, 54
scene.render.resolution_percentage = 100
cube = bpy.data.objects["Cube"]
for frame, x in ((1, -2.0), (10, 2.0)):
    cube.location.x = x
    cube.keyframe_insert("location", frame=frame)
scene.frame_end = 10
bpy.ops.wm.save_as_mainfile(filepath={file!r})
"""


@pytest.fixture
def blend(tmp_path) -> Path:
    """An animation of ten frames."""
    file = tmp_path / "my shot.blend"
    code = SCENE.format(file=str(file))
    flags = ["-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", code]
    subprocess.run([need("blender"), *flags], check=True, capture_output=True)
    return file


def test_a_submitted_file_is_rendered_and_the_command_waits_for_it(tmp_path, blend):
    output = tmp_path / "renders"
    with ExitStack() as farm:
        url = farm.enter_context(running_manager(tmp_path / "farm"))
        farm.enter_context(running_worker(url, tmp_path / "anna", "anna"))
        farm.enter_context(running_worker(url, tmp_path / "bert", "bert"))
        command = ("submit", blend, "--frames", "1-4", "--output", output, "--wait")
        settings = ("--setting", "chunk_size=2", "--manager", url, "--name", "A shot")
        result = run(*command, *settings, seconds=180)
        assert result.returncode == 0, result.stderr
        job = get(f"{url}api/v3/jobs/{result.stdout.strip()}").json()
        assert job["name"] == "A shot"
        assert job["status"] == "completed"
        frames = sorted(output.rglob("*.png"))
        assert [frame.name for frame in frames] == [f"{n:06}.png" for n in (1, 2, 3, 4)]
        for frame in frames:
            with Image.open(frame) as picture:
                assert picture.size == (96, 54)
        info = get(f"{url}api/v3/jobs/{job['id']}/last-rendered").json()
        thumbnail = get(f"{url}{info['base'].strip('/')}/{info['suffixes'][0]}")
        assert thumbnail.headers["content-type"] == "image/jpeg"
        tasks = get(f"{url}api/v3/jobs/{job['id']}/tasks").json()["tasks"]
        assert {task["worker"]["name"] for task in tasks} <= {"anna", "bert"}
        log = get(f"{url}api/v3/tasks/{tasks[0]['id']}/log").json()
        assert "going to run" in get(f"{url}{log['url'].strip('/')}").text


def test_the_farm_goes_on_after_both_ends_were_killed(tmp_path):
    """A Manager that was killed comes back with its job; a killed Worker's task goes to another."""
    settings = {"message": "hello", "sleep_duration_seconds": 2, "sleep_repeats": 4}
    with ExitStack() as farm:
        with running_manager(tmp_path / "farm") as url:
            port = int(url.rsplit(":", 1)[1].strip("/"))
            home = tmp_path / "anna"
            anna = farm.enter_context(running_worker(url, home, "anna"))
            job_id = submit(url, name="naps", type="echo-sleep-test", settings=settings)
            wait_for(lambda: "Task sleep" in (home / "worker.log").read_text())
        anna.send_signal(signal.SIGKILL)
        url = farm.enter_context(running_manager(tmp_path / "farm", port))
        farm.enter_context(running_worker(url, home, "anna"))
        assert finished_status(url, job_id) == "completed"
