"""The operator sends the open file of a real Blender to a Manager."""

import platform
from pathlib import Path

import pytest

from tests.addon.blender import InstalledBlender, Run
from tests.addon.fake_manager import VERSION, FakeManager
from tests.addon.job_type import SIMPLE_BLENDER_RENDER

pytestmark = pytest.mark.slow

_MAKE_FILE = """
scene = bpy.context.scene
scene.name = "Shot"
scene.frame_start, scene.frame_end = 3, 7
scene.render.fps, scene.render.fps_base = 30, 1.001
image = bpy.data.images.new("wall", 4, 4)
image.filepath_raw = {texture!r}
image.file_format = "PNG"
image.save()
image = bpy.data.images.load("//" + {relative!r})
image.use_fake_user = True
gone = bpy.data.images.load({texture!r})
gone.filepath = "//gone.png"
gone.use_fake_user = True
bpy.ops.wm.save_as_mainfile(filepath={blendfile!r})
"""

_SUBMIT = """
use_manager({url!r})
bpy.ops.flamenco.ping_manager()
scene = bpy.context.scene
scene.flamenco_job_type = "simple-blender-render"
scene.flamenco_job_settings.render_output_root = "//../renders"
scene.flamenco_job_settings.add_path_components = 2
{more}
finish(sorted(bpy.ops.flamenco.submit_job({arguments})))
"""


def make_file(blender: InstalledBlender, folder: Path) -> Path:
    """A blend file that uses a texture below it, and one that is missing."""
    (folder / "textures").mkdir(parents=True)
    blendfile = folder / "shot.blend"
    script = ("bpy.ops.wm.save_as_mainfile(filepath={blendfile!r})" + _MAKE_FILE).format(
        texture=str(folder / "textures" / "wall.png"),
        relative="textures/wall.png",
        blendfile=str(blendfile),
    )
    run = blender.run(script)
    assert run.status == 0, run.output
    return blendfile


def submit(
    blender: InstalledBlender,
    manager: FakeManager,
    blendfile: Path,
    more: str = "",
    **arguments: object,
) -> Run:
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    script = _SUBMIT.format(url=manager.url, more=more, arguments=given)
    return blender.run(script, blendfile=blendfile)


def test_the_job_is_what_the_reference_demands(
    blender: InstalledBlender, manager: FakeManager, storage: Path
) -> None:
    manager.tags = [{"id": "b1c0e4e2-5b68-4f0d-8f2b-7e9f8a4c3d21", "name": "GPU"}]
    blendfile = make_file(blender, storage / "film" / "seq" / "work")
    options = """
scene.flamenco_job_priority = 70
scene.flamenco_job_submit_as_paused = True
scene.flamenco_worker_tag = "b1c0e4e2-5b68-4f0d-8f2b-7e9f8a4c3d21"
scene.flamenco_job_settings.chunk_size = 2
"""
    run = submit(blender, manager, blendfile, options, job_name="Shot 12")

    assert run.result == ["FINISHED"], run.output
    job = manager.submitted[0]
    fps = job["settings"].pop("fps")
    assert fps == pytest.approx(30 / 1.001)
    assert job == {
        "name": "Shot 12",
        "type": "simple-blender-render",
        "type_etag": SIMPLE_BLENDER_RENDER["etag"],
        "priority": 70,
        "metadata": {},
        "submitter_platform": platform.system().lower(),
        "initial_status": "paused",
        "worker_tag": "b1c0e4e2-5b68-4f0d-8f2b-7e9f8a4c3d21",
        "settings": {
            "frames": "3-7",
            "chunk_size": 2,
            "render_output_root": "//../renders",
            "add_path_components": 2,
            "render_output_path": f"{storage}/film/seq/renders/seq/work/Shot 12/{{timestamp}}/######",
            "blendfile": blendfile.as_posix(),
            "format": "PNG",
            "image_file_extension": ".png",
            "has_previews": False,
            "scene": "Shot",
        },
    }
