"""The add-on in a real Blender submits the open file to a real Manager."""

from pathlib import Path

import pytest

from tests.addon.blender import InstalledBlender, find_blender, zip_addon
from tests.addon.scene_files import make_file
from tests.e2e.running import finished_status, get, running_manager, running_worker

pytestmark = pytest.mark.slow

SCENE = """
scene.render.engine = "CYCLES"
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.frame_start, scene.frame_end = 1, 2
"""
SUBMIT = """
use_manager({url!r})
bpy.ops.flamenco.ping_manager()
scene = bpy.context.scene
scene.flamenco_job_type = "simple-blender-render"
scene.flamenco_job_settings.render_output_root = {root!r}
outcome = bpy.ops.flamenco.submit_job(job_name="From Blender")
finish(list(outcome))
"""


def test_the_operator_submits_the_open_file_and_the_farm_renders_it(tmp_path):
    blender = InstalledBlender.install(find_blender(), zip_addon(tmp_path), tmp_path / "blender")
    storage = tmp_path / "farm"
    with running_manager(storage) as url, running_worker(url, tmp_path / "anna", "anna"):
        downloaded = get(f"{url}flamenco-addon.zip")
        assert downloaded.content[:2] == b"PK"
        blend = make_file(blender, tmp_path / "shot.blend", SCENE)
        script = SUBMIT.format(url=url, root=str(tmp_path / "renders"))
        run = blender.run(script, blendfile=Path(blend))
        assert run.result == ["FINISHED"], run.output
        (job,) = get(f"{url}api/v3/jobs").json()["jobs"]
        assert job["name"] == "From Blender"
        assert finished_status(url, job["id"]) == "completed"
        assert len(list((tmp_path / "renders").rglob("*.png"))) == 2
