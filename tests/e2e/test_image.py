"""One image on a real farm: from the command line to the picture on the job's page."""

import subprocess
from contextlib import ExitStack

import pytest
from PIL import Image

from tests.e2e.running import get, run, running_manager, running_worker
from tests.programs import need

pytestmark = pytest.mark.slow

SCENE = """
import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 4, False
scene.render.resolution_x, scene.render.resolution_y = 96, 54
scene.frame_current = 12
bpy.ops.wm.save_as_mainfile(filepath={file!r})
"""


def test_two_workers_render_one_image_which_is_shown_and_only_it_stays(tmp_path):
    file, output = tmp_path / "still.blend", tmp_path / "renders"
    code = SCENE.format(file=str(file))
    flags = ["-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", code]
    subprocess.run([need("blender"), *flags], check=True, capture_output=True)
    with ExitStack() as farm:
        url = farm.enter_context(running_manager(tmp_path / "farm"))
        for name in ("anna", "bert"):
            farm.enter_context(running_worker(url, tmp_path / name, name))
        tiles = ("--setting", "tiles_x=2", "--setting", "tiles_y=1")
        command = ("submit", file, "--type", "single-image-render", "--output", output, *tiles)
        result = run(*command, "--manager", url, "--wait", seconds=180)
        assert result.returncode == 0, result.stderr
        job = f"{url}api/v3/jobs/{result.stdout.strip()}"
        tasks = get(f"{job}/tasks").json()["tasks"]
        assert [task["steps_completed"] for task in tasks] == [1, 1, 2, 1]
        shown = get(f"{job}/last-rendered").json()
        assert shown["base"].endswith(result.stdout.strip())
    (image,) = [each for each in output.rglob("*") if each.is_file()]
    assert image.name == "000012.png"
    assert not [each for each in output.rglob("*") if each.is_dir() and each.name[0] == "."]
    with Image.open(image) as picture:
        assert picture.size == (96, 54)
