"""Every image format that this Blender offers has pictures as Blender itself would show it."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flamenco.pictures.kinds import KINDS, THUMBNAILS
from flamenco.pictures.making import open_maker
from tests.worker.commands.shop import Bench, program

pytestmark = pytest.mark.slow

MOVIES = frozenset({"AVI_JPEG", "AVI_RAW", "FFMPEG"})
TOLERANCE = 4.0
"""Mean difference of a channel, of 255: JPEG's, and that of two ways to scale."""

SCENES = """
import bpy, json, sys
asked = json.loads(sys.argv[-1])
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 8, False
scene.render.resolution_x, scene.render.resolution_y = 400, 224
scene.render.resolution_percentage = 100
scene.view_settings.view_transform = "Standard"
settings = scene.render.image_settings
kinds = [each.identifier for each in settings.bl_rna.properties["file_format"].enum_items]
written = []
for kind in kinds:
    if kind in asked["but"]:
        continue
    if hasattr(settings, "media_type"):  # since 5.0
        settings.media_type = "MULTI_LAYER_IMAGE" if kind.endswith("LAYER") else "IMAGE"
    try:
        settings.file_format = kind
    except TypeError:  # this build has none
        continue
    bpy.ops.wm.save_as_mainfile(filepath=f"{asked['folder']}/{kind}.blend")
    written.append(kind)
print("KINDS " + json.dumps(written))
"""

SHOW = """
import bpy, json, sys
asked = json.loads(sys.argv[-1])
scene = bpy.context.scene
scene.view_settings.view_transform = "Standard"
settings = scene.render.image_settings
if hasattr(settings, "media_type"):
    settings.media_type = "IMAGE"
settings.file_format, settings.color_mode = "PNG", "RGB"
for source, target in asked.items():
    bpy.data.images.load(source).save_render(target, scene=scene)
"""


def blender(code, asked):
    """What Blender says that runs a script."""
    command = [program("blender"), "-b", "--factory-startup", "--python-exit-code", "1"]
    command += ["--python-expr", code, "--", json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def rendered(folder, kind):
    """The file of a frame of a scene."""
    output = folder / kind
    bench = Bench(steps_left=1)
    await bench.run(
        "blender-render",
        exe="blender",
        exeArgs="-b --factory-startup",
        argsBefore=[],
        blendfile=str(folder / f"{kind}.blend"),
        args=["--render-output", str(output / "######"), "--render-frame", "7"],
        frames="7",
    )
    assert [number for number, _ in bench.frames] == [7]
    return bench.images[0]


def pixels(picture):
    return np.asarray(picture.convert("RGB"), np.float32)


async def test_every_image_format_has_pictures_as_blender_shows_it(tmp_path):
    said = blender(SCENES, {"folder": str(tmp_path), "but": [*MOVIES]})
    kinds = json.loads(said.partition("KINDS ")[2].splitlines()[0])
    assert {"PNG", "JPEG", "TIFF", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "HDR"} <= {*kinds}
    files = {kind: await rendered(tmp_path, kind) for kind in kinds}
    wrong = {}
    readable = {kind: file for kind, file in files.items() if not kind.endswith("LAYER")}
    blender(SHOW, {file: str(tmp_path / f"{kind}.shown.png") for kind, file in readable.items()})
    async with open_maker() as maker:
        for kind, file in files.items():
            pictures = await maker.make(Path(file), THUMBNAILS)
            # a file with layers can't be shown so: its combined one is that of the plain file
            shown = tmp_path / f"{kind.removesuffix('_MULTILAYER')}.shown.png"
            for name, made in pictures.items():
                with Image.open(shown) as opened:
                    expected = opened.convert("RGB")
                expected.thumbnail(KINDS[name].box, Image.Resampling.LANCZOS)
                with Image.open(io.BytesIO(made.content)) as picture:
                    assert picture.size == expected.size
                    difference = np.abs(pixels(picture) - pixels(expected)).mean()
                if difference > TOLERANCE:
                    wrong[kind, name] = difference
    assert not wrong
