"""One image rendered in parts, by the Worker's commands with the real Blender."""

import subprocess

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from PIL import Image, ImageChops

from tests.jobtypes.rendering import GLOW, compiled, make_scene, run_task, run_tasks
from tests.worker.commands.shop import program
from worker.command import CannotRun

pytestmark = pytest.mark.slow

FULL = """
image = scene.render.image_settings
if hasattr(image, "media_type"):
    image.media_type = "MULTI_LAYER_IMAGE"
image.color_depth = "32"
"""
PASSES = """
layer = bpy.context.view_layer
layer.use_pass_z = layer.use_pass_normal = layer.use_pass_cryptomatte_object = True
"""


@pytest.fixture(scope="module")
def blendfile(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene") / "still.blend", PASSES)


@pytest.fixture
def settings(blendfile, tmp_path):
    """The job that the add-on would submit."""
    return {
        "frame": 7,
        "samples": 4,
        "render_output_root": str(tmp_path),
        "render_output_path": str(tmp_path / "still" / "######"),
        "blendfile": str(blendfile),
        "scene": "Scene",
        "engine": "CYCLES",
        "resolution_x": 61,
        "resolution_y": 37,
        "stereo": False,
    }


def render_whole(blendfile, output, format_="PNG", more=""):
    """The same image, rendered by Blender in one go."""
    script = f"import bpy; scene = bpy.context.scene\n{more}"
    options = ["--python-expr", script, "-o", f"{output}-####", "-F", format_, "-f", "7"]
    command = [program("blender"), "-b", "-y", "--factory-startup", str(blendfile), *options]
    subprocess.run(command, check=True, capture_output=True)
    (file,) = output.parent.glob(f"{output.name}-0007.*")
    return file


def channels(file):
    """The channels of an OpenEXR file, as an array by name; Blender 5 makes a part of each pass."""
    opened = oiio.ImageInput.open(str(file))
    found, part = {}, 0
    while opened.seek_subimage(part, 0):
        spec = opened.spec()
        pixels = np.asarray(opened.read_image(part, 0, 0, spec.nchannels, oiio.FLOAT))
        pixels = pixels.reshape(spec.height, spec.width, -1)
        found |= {name: pixels[..., at] for at, name in enumerate(spec.channelnames)}
        part += 1
    opened.close()
    return found


def combined(file):
    """The colours of a multilayer OpenEXR file."""
    found = channels(file)
    return np.stack([found[f"ViewLayer.Combined.{each}"] for each in "RGB"], axis=-1)


def same_pixels(one, other):
    with Image.open(one) as first, Image.open(other) as second:
        return ImageChops.difference(first.convert("RGBA"), second.convert("RGBA")).getbbox()


def names(tmp_path):
    return sorted(each.name for each in (tmp_path / "still").iterdir())


async def test_tiles_are_to_the_pixel_the_image_rendered_at_once(
    job, settings, blendfile, tmp_path
):
    tasks = await compiled(job, "single-image-render", **settings | {"tiles_x": 3, "tiles_y": 2})
    ran = await run_tasks(tasks, before="clean-up")
    final, parts = tmp_path / "still" / "000007.png", tmp_path / "still" / ".parts-j1"
    assert ran.images == [str(parts / "whole.exr"), str(final)]
    assert same_pixels(final, render_whole(blendfile, tmp_path / "whole")) is None

    whole = render_whole(blendfile, tmp_path / "passes", "OPEN_EXR_MULTILAYER", FULL)
    found, expected = channels(parts / "whole.exr"), channels(whole)
    assert found.keys() == expected.keys()
    assert {"ViewLayer.Depth.Z", "ViewLayer.CryptoObject00.r"} < found.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in found)

    (parts / "mine.exr").write_text("")
    await run_task(tasks.tasks[-1])
    assert [each.name for each in parts.iterdir()] == ["mine.exr"]
    (parts / "mine.exr").unlink()
    await run_task(tasks.tasks[-1])
    assert names(tmp_path) == ["000007.png"]


async def test_ranges_of_samples_are_as_good_as_all_samples_at_once(
    job, settings, blendfile, tmp_path
):
    asked = {"mode": "samples", "samples": 30, "parts": 4, "format": "OPEN_EXR_MULTILAYER"}
    tasks = await compiled(job, "single-image-render", **settings | asked)
    await run_tasks(tasks, before="clean-up")

    def at_once(samples):
        more = f"scene.cycles.samples = {samples}\nscene.cycles.use_adaptive_sampling = False"
        output = tmp_path / f"once-{samples}"
        return combined(render_whole(blendfile, output, "OPEN_EXR_MULTILAYER", f"{more}\n{FULL}"))

    truth = at_once(1024)

    def error(image):
        return float(np.sqrt(np.mean((image - truth) ** 2)))

    joined = combined(tmp_path / "still" / "000007.exr")
    parts = [combined(each) for each in (tmp_path / "still" / ".parts-j1").iterdir()]
    assert len(parts) == 4
    assert error(joined) < 0.7 * min(map(error, parts))
    assert error(joined) < 1.25 * error(at_once(30))
    assert abs(joined.mean() - truth.mean()) < 0.01 * truth.mean()

    await run_task(tasks.tasks[-1])
    assert names(tmp_path) == ["000007.exr"]


async def test_file_output_nodes_write_a_file_with_the_frames_number(job, settings, tmp_path):
    shot = make_scene(tmp_path / "glow.blend", GLOW)
    asked = settings | {"tiles_x": 2, "tiles_y": 1, "blendfile": str(shot)}
    tasks = await compiled(job, "single-image-render", **asked)
    ran = await run_tasks(tasks, before="clean-up")
    assert [each.name for each in (tmp_path / "passes").iterdir()] == ["my_glow0007.png"]
    *_, finish = ran.tasks.values()
    assert finish.frames == [(7, ""), (7, "passes/my_glow"), (7, "")]
    assert names(tmp_path)[-1] == "000007.png"


async def test_compositing_waits_for_the_whole_image(job, settings, tmp_path):
    blurred = """
if hasattr(scene, "compositing_node_group"):
    tree = scene.compositing_node_group = bpy.data.node_groups.new("tree", "CompositorNodeTree")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    layers, end = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("NodeGroupOutput")
else:
    scene.use_nodes = True
    tree = scene.node_tree
    layers, end = tree.nodes["Render Layers"], tree.nodes["Composite"]
    tree.links.new(layers.outputs["Alpha"], end.inputs["Alpha"])
blur = tree.nodes.new("CompositorNodeBlur")
if hasattr(blur, "size_x"):
    blur.size_x = blur.size_y = 9
else:
    blur.inputs["Size"].default_value = (9, 9)
tree.links.new(layers.outputs["Image"], blur.inputs["Image"])
tree.links.new(blur.outputs["Image"], end.inputs["Image"])
"""
    blendfile = make_scene(tmp_path / "blurred.blend", blurred)
    asked = settings | {"tiles_x": 2, "tiles_y": 1, "blendfile": str(blendfile)}
    await run_tasks(await compiled(job, "single-image-render", **asked))
    final = tmp_path / "still" / "000007.png"
    assert same_pixels(final, render_whole(blendfile, tmp_path / "whole")) is None


async def test_size_format_and_engine_are_those_of_the_job(job, settings, tmp_path):
    workbench = make_scene(tmp_path / "w.blend", "scene.render.engine = 'BLENDER_WORKBENCH'")
    asked = {"tiles_x": 1, "tiles_y": 2, "resolution_percentage": 50, "format": "JPEG"}
    scene = {"blendfile": str(workbench), "engine": "BLENDER_WORKBENCH"}
    await run_tasks(await compiled(job, "single-image-render", **settings | asked | scene))
    with Image.open(tmp_path / "still" / "000007.jpg") as picture:
        assert (picture.size, picture.format) == ((30, 18), "JPEG")


@pytest.fixture(scope="module")
def denoises():
    """True if this Blender can denoise."""
    ask = "import _cycles, sys; sys.exit(not _cycles.with_openimagedenoise)"
    command = [program("blender"), "-b", "--python-expr", ask]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


async def test_a_blender_that_cannot_denoise_says_so_before_it_renders(
    job, settings, tmp_path, denoises
):
    asked = settings | {"denoise": True, "tiles_x": 1, "tiles_y": 1}
    tasks = await compiled(job, "single-image-render", **asked)
    if denoises:
        await run_tasks(tasks)
        assert names(tmp_path) == ["000007.png"]
        return
    with pytest.raises(CannotRun, match="built without OpenImageDenoise") as refused:
        await run_tasks(tasks)
    assert refused.value.failure.kind == "missing-plugin"
    assert not (tmp_path / "still").exists()
