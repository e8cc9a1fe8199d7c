"""Scenes and view layers that become jobs of their own."""

import json
from pathlib import Path

import pytest

from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager
from tests.addon.job_type import SIMPLE_BLENDER_RENDER
from tests.addon.scene_files import make_file
from tests.addon.submitting import in_blender

pytestmark = pytest.mark.slow

VIEW_LAYER = {"key": "view_layer", "type": "string", "visible": "submission", "default": ""}
TWO_SCENES = """
scene.view_layers.new("Sky")
scene.view_layers.new("Unused").use = False
second = bpy.data.scenes.new("Second")
second.frame_start, second.frame_end = 1, 2
third = bpy.data.scenes.new("Third")
third.flamenco_is_sent = False
"""


def test_each_scene_or_view_layer_becomes_a_job_with_its_own_frames(
    blender: InstalledBlender, manager: FakeManager, tmp_path: Path
) -> None:
    described = SIMPLE_BLENDER_RENDER["settings"]
    manager.job_types = [SIMPLE_BLENDER_RENDER | {"settings": [*described, VIEW_LAYER]}]
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend", TWO_SCENES)
    script = """
scene.flamenco_comment = "both"
layer = scene.view_layers[0].name
answers = []
for way in ("ONE", "SCENES", "LAYERS"):
    scene.flamenco_jobs = way
    bpy.ops.wm.save_mainfile()
    answers.append(tried())
for each in bpy.data.scenes:
    each.flamenco_is_sent = False
finish([answers, tried(), layer])
"""
    run = in_blender(blender, manager, script, blendfile)
    answers, none, layer = run.result
    assert answers == [["FINISHED"]] * 3, run.output
    assert "tick a scene" in none
    told = [(job["name"], job["settings"]["view_layer"]) for job in manager.submitted]
    scenes = [("shot Second", ""), ("shot Shot", "")]
    layers = [("shot Second ViewLayer", "ViewLayer"), (f"shot Shot {layer}", layer)]
    assert told == [("shot", ""), *scenes, *layers, ("shot Shot Sky", "Sky")]
    rendered = [(job["settings"]["scene"], job["settings"]["frames"]) for job in manager.submitted]
    second, shot = ("Second", "1-2"), ("Shot", "3-7")
    assert rendered == [shot, second, shot, second, shot, shot]
    assert {job["metadata"]["comment"] for job in manager.submitted} == {"both"}
    assert len(set(manager.keys)) == len(manager.keys) == 6
    assert run.output.count('2 jobs submitted: "shot Second", "shot Shot"') == 1
    assert 'Scene "Second" has no camera' in run.output


def test_scenes_or_view_layers_become_one_job_with_what_differs(
    blender: InstalledBlender, manager: FakeManager, tmp_path: Path
) -> None:
    scenes = {"key": "scenes", "type": "string", "visible": "hidden"}
    described = SIMPLE_BLENDER_RENDER["settings"]
    manager.job_types = [SIMPLE_BLENDER_RENDER | {"settings": [*described, VIEW_LAYER, scenes]}]
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend", TWO_SCENES)
    script = """
layer = scene.view_layers[0].name
bpy.data.scenes["Second"].render.fps = 12
scene.flamenco_jobs_as = "TOGETHER"
answers = []
for way in ("ONE", "SCENES", "LAYERS"):
    scene.flamenco_jobs = way
    bpy.ops.wm.save_mainfile()
    answers.append(tried())
finish([answers, layer])
"""
    run = in_blender(blender, manager, script, blendfile)
    answers, layer = run.result
    assert answers == [["FINISHED"]] * 3, run.output
    one, by_scene, by_layer = manager.submitted
    assert {job["name"] for job in manager.submitted} == {"shot"}
    assert one["settings"]["scenes"] == ""
    assert (by_scene["settings"]["scene"], by_scene["settings"]["frames"]) == ("Second", "1-2, 3-7")
    second, shot = json.loads(by_scene["settings"]["scenes"])
    assert second == {"name": "Second", "frames": "1-2"}
    assert (shot["name"], shot["scene"], shot["frames"]) == ("Shot", "Shot", "3-7")
    assert shot["fps"] > by_scene["settings"]["fps"]
    assert "render_output_path" not in shot
    names = [each["name"] for each in json.loads(by_layer["settings"]["scenes"])]
    assert names == ["Second ViewLayer", f"Shot {layer}", "Shot Sky"]


def test_what_the_first_scenes_got_is_deleted_if_another_one_is_refused(
    blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
) -> None:
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend", TWO_SCENES)
    script = """
import flamenco.client as client, flamenco.errors as errors, flamenco.my_jobs as my_jobs, time, os
submit, jobs = client.Client.submit_job, STORAGE + "/jobs"

def refused(self, job, *others):
    if job["name"].endswith("Shot"):
        raise errors.JobRejected(400, "no more")
    return submit(self, job, *others)

client.Client.submit_job = refused
scene.flamenco_jobs = "SCENES"
bpy.ops.wm.save_mainfile()
answer = tried()
until = time.monotonic() + 60
while os.listdir(jobs) and time.monotonic() < until:
    time.sleep(0.01)
finish([answer, len(my_jobs.jobs())])
""".replace("STORAGE", repr(str(storage)))
    run = in_blender(blender, manager, script, blendfile)
    answer, followed = run.result
    assert "no more" in answer
    assert followed == 0
    assert [path for path in manager.paths if path.startswith("DELETE")]
    assert manager.submitted == []
    assert list(storage.glob("jobs/*")) == []
