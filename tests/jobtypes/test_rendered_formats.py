"""Every image format that this Blender offers renders to pictures and a video that look alike."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flamenco.pictures.kinds import KINDS, THUMBNAILS
from flamenco.pictures.making import open_maker
from tests.jobtypes.rendering import RENDER, compiled, run_tasks
from tests.worker.commands.shop import program

pytestmark = pytest.mark.slow

MOVIES = frozenset({"AVI_JPEG", "AVI_RAW", "FFMPEG"})
FORMATS = (
    *("AVIF", "BMP", "CINEON", "DPX", "HDR", "IRIS", "JPEG", "JPEG2000", "OPEN_EXR"),
    *("OPEN_EXR_MULTILAYER", "PNG", "TARGA", "TARGA_RAW", "TIFF", "WEBP"),
)
TOLERANCE = 4.0
"""Mean difference of a channel, of 255: JPEG's, and that of two ways to scale."""
FRAME = 7

SCENES = """
import bpy, json, sys
asked = json.loads(sys.argv[-1])
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 8, False
scene.render.resolution_x, scene.render.resolution_y = 400, 224
scene.render.resolution_percentage = 100
scene.view_settings.view_transform = "Standard"
scene.frame_set(asked["frame"])
settings = scene.render.image_settings
extensions = {}
for kind in [each.identifier for each in settings.bl_rna.properties["file_format"].enum_items]:
    if hasattr(settings, "media_type"):  # since 5.0
        settings.media_type = "MULTI_LAYER_IMAGE" if kind.endswith("LAYER") else "IMAGE"
    try:
        settings.file_format = kind
    except TypeError:  # this build has none
        continue
    extensions[kind] = scene.render.file_extension
    bpy.ops.wm.save_as_mainfile(filepath=f"{asked['folder']}/{kind}.blend")
if hasattr(settings, "media_type"):
    settings.media_type = "IMAGE"
settings.file_format, settings.color_mode = "PNG", "RGB"
scene.render.filepath = asked["folder"] + "/shown.png"
bpy.ops.render.render(write_still=True)
print("EXTENSIONS " + json.dumps(extensions))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scene in every format, and how Blender shows it."""
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture(scope="module")
def extensions(folder):
    """{format that this Blender offers: extension}."""
    asked = json.dumps({"folder": str(folder), "frame": FRAME})
    command = [program("blender"), "-b", "--factory-startup", "--python-exit-code", "1"]
    command += ["--python-expr", SCENES, "--", asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.partition("EXTENSIONS ")[2].splitlines()[0])


def difference(picture, shown):
    """Mean difference of a channel from what Blender shows, in the picture's size."""
    assert picture.size == shown.size
    one, other = (np.asarray(each.convert("RGB"), np.float32) for each in (picture, shown))
    return np.abs(one - other).mean()


def frame_of(video):
    """The first frame of a video, as a player of HD shows it."""
    command = [program("ffmpeg"), "-v", "error", "-i", str(video), "-frames:v", "1"]
    command += ["-vf", "scale=in_color_matrix=bt709:in_range=tv,format=rgb24"]
    command += ["-f", "image2pipe", "-c:v", "png", "-"]
    return Image.open(io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout))


def test_no_image_format_is_left_out(extensions):
    assert extensions.keys() - MOVIES <= {*FORMATS}


@pytest.mark.parametrize("format_", FORMATS)
async def test_a_job_of_every_format_has_pictures_and_a_video(
    folder, extensions, job, tmp_path, format_
):
    if format_ not in extensions:
        pytest.skip(f"this Blender has no {format_}")
    settings = {
        "frames": str(FRAME),
        "format": format_,
        "image_file_extension": extensions[format_],
        "blendfile": str(folder / f"{format_}.blend"),
        "render_output_path": str(tmp_path / "######"),
    }
    ran = await run_tasks(await compiled(job, "simple-blender-render", **RENDER | settings))
    assert [bench.warnings for bench in ran.tasks.values()] == [[], []]
    (image,) = ran.images
    assert image == str(tmp_path / f"{FRAME:06}{extensions[format_]}")
    shown = Image.open(folder / "shown.png").convert("RGB")
    assert difference(frame_of(tmp_path / f"{format_}-{FRAME}.mp4"), shown) < TOLERANCE
    async with open_maker() as maker:
        pictures = await maker.make(Path(image), THUMBNAILS)
    for name, made in pictures.items():
        shown.thumbnail(KINDS[name].box, Image.Resampling.LANCZOS)
        assert difference(Image.open(io.BytesIO(made.content)), shown) < TOLERANCE
