"""The built-in job types in a real Blender: what the add-on sends of each is a job of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flamenco.jobtypes import Compiler, inline_compiler, validate_settings
from flamenco.model.jobtypes import JobToCompile
from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager
from tests.addon.job_type import described
from tests.addon.scene_files import make_file

pytestmark = pytest.mark.slow

SCENE = """
scene.render.engine = "CYCLES"
scene.cycles.samples = 300
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 64, 32
scene.render.resolution_percentage = 50
scene.render.image_settings.file_format = "TIFF"
scene.frame_current = 7
"""

SUBMIT = """
use_manager({url!r})
bpy.ops.flamenco.ping_manager()
scene = bpy.context.scene
outcomes = []
for name, typed in {typed!r}.items():
    scene.flamenco_job_type = name
    for key, value in typed.items():
        setattr(scene.flamenco_job_settings, key, value)
    outcomes += bpy.ops.flamenco.submit_job(job_name="Shot")
finish(outcomes)
"""


async def compiled(compiler: Compiler, sent: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The settings of a submitted job, checked, and how many tasks come of them."""
    job_type = await compiler.job_type(sent["type"])
    settings = validate_settings(job_type, sent["settings"])
    job = JobToCompile(
        id="j1",
        name=sent["name"],
        type=sent["type"],
        created=datetime.now(UTC),
        settings=dict(settings),
    )
    return settings, len((await compiler.compile(job)).tasks)


async def test_each_built_in_type_gets_from_the_file_what_it_asks(
    blender: InstalledBlender, manager: FakeManager, storage: Path
) -> None:
    compiler = inline_compiler()
    job_types = await compiler.job_types()
    manager.job_types = [described(each) for each in job_types]
    root = {"render_output_root": "//renders"}
    typed = {
        "simple-blender-render": root,
        "cycles-gpu-render": {**root, "device": "OPTIX"},
        "single-image-render": {**root, "mode": "samples", "autoeval_samples": False, "samples": 9},
        "echo-sleep-test": {"message": "hello"},
        "test-frames": {"render_output_path": "/render/####"},
    }
    assert set(typed) == {job_type.name for job_type in job_types}
    blendfile = make_file(blender, storage / "film" / "shot.blend", SCENE)
    run = blender.run(SUBMIT.format(url=manager.url, typed=typed), blendfile=blendfile)
    assert run.result == ["FINISHED"] * len(typed), run.output
    assert "Traceback" not in run.output, run.output

    done = {sent["type"]: await compiled(compiler, sent) for sent in manager.submitted}
    assert {name: tasks for name, (_, tasks) in done.items()} == {
        "simple-blender-render": 6,
        "cycles-gpu-render": 6,
        "single-image-render": 10,
        "echo-sleep-test": 2,
        "test-frames": 6,
    }
    image, _ = done["single-image-render"]
    expected = {
        "frame": 7,
        "mode": "samples",
        "samples": 9,
        "resolution_percentage": 50,
        "denoise": False,
        "format": "TIFF",
        "blendfile": str(blendfile),
        "engine": "CYCLES",
        "resolution_x": 64,
        "stereo": False,
    }
    assert {key: image[key] for key in expected} == expected
    gpu, _ = done["cycles-gpu-render"]
    assert (gpu["device"], gpu["cpu_fallback"], gpu["engine"]) == ("OPTIX", False, "CYCLES")


async def test_frames_get_another_format_than_the_scenes_with_a_depth_of_its_own(
    blender: InstalledBlender, manager: FakeManager, storage: Path
) -> None:
    compiler, name = inline_compiler(), "simple-blender-render"
    manager.job_types = [described(await compiler.job_type(name))]
    eight_bits = "scene.render.image_settings.file_format = 'PNG'"
    blendfile = make_file(blender, storage / "film" / "shot.blend", eight_bits)
    script = SUBMIT.replace("outcomes = []", "outcomes, scene.flamenco_format = [], 'OPEN_EXR'")
    typed = {name: {"render_output_root": "//renders"}}
    run = blender.run(script.format(url=manager.url, typed=typed), blendfile=blendfile)
    assert run.result == ["FINISHED"], run.output
    settings, _ = await compiled(compiler, manager.submitted[0])
    assert settings["format"] == "OPEN_EXR"
    assert "color_depth" not in settings
