"""A frame has the same pixels in a Blender that has rendered others before as in a new one."""

from itertools import groupby

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.jobtypes.rendering import make_scene
from tests.worker.commands.shop import Bench
from tests.worker.commands.test_frames import rendering
from tests.worker.warm.test_keeper import age
from worker.warm.keeper import open_keeper

pytestmark = pytest.mark.slow

LIVELY = """
import math
scene.render.engine = "CYCLES"
scene.cycles.samples = 1
scene.cycles.use_animated_seed = True
scene.render.resolution_x, scene.render.resolution_y = 64, 36

def key(thing, path, first, last, index=-1):
    for frame, value in ((1, first), (9, last)):
        setattr(thing, path, value)
        thing.keyframe_insert(path, frame=frame)

camera, cube = bpy.data.objects["Camera"], bpy.data.objects["Cube"]
key(camera, "location", (7, -7, 5), (4, -9, 6))
key(camera.data, "lens", 50, 35)
key(bpy.data.objects["Light"].data, "energy", 1000, 200)
key(cube, "rotation_euler", (0, 0, 0), (1, 2, 3))
cube.modifiers.new("Subdivision", "SUBSURF").render_levels = 3
key(cube.modifiers.new("Wave", "WAVE"), "height", 0.1, 1)
material = cube.data.materials[0]
material.use_nodes = True
colour = next(each for each in material.node_tree.nodes if each.type == "BSDF_PRINCIPLED").inputs[0]
noise = material.node_tree.nodes.new("ShaderNodeTexNoise")
noise.noise_dimensions = "4D"
key(noise.inputs["W"], "default_value", 0, 4)
material.node_tree.links.new(noise.outputs[1], colour)
bpy.ops.mesh.primitive_monkey_add(location=(2, 1, 0))
monkey = bpy.context.object
for frame, hidden in ((1, False), (4, True), (7, False)):
    monkey.hide_render = hidden
    monkey.keyframe_insert("hide_render", frame=frame)
bpy.ops.object.shape_key_add(from_mix=False)
bpy.ops.object.shape_key_add(from_mix=False)
monkey.data.shape_keys.key_blocks[1].data[7].co.z += 4
key(monkey.data.shape_keys.key_blocks[1], "value", 0, 1)
driver = cube.driver_add("scale", 2).driver
driver.expression = "1 + frame / 20"
bpy.ops.object.text_add(location=(-3, 0, 1))
key(bpy.context.object.data, "extrude", 0, 1)
bpy.context.object.data.body = "warm"
scene.frame_set(5)
cube.location.x = 0.5

other = scene.copy()
other.name, other.use_fake_user = "Other", True
other.render.engine = "BLENDER_WORKBENCH"
other.frame_set(2)
"""


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    return age(make_scene(tmp_path_factory.mktemp("scene") / "lively.blend", LIVELY))


FILTER = "import bpy; bpy.context.scene.render.filter_size = 3.0"
SCENES, WORDS = ["Scene", "Other"], [(), ("--python-expr", FILTER), ("--threads", "1")]
RUNS = st.lists(
    st.tuples(
        st.sampled_from(SCENES),
        st.sampled_from(WORDS),
        st.lists(st.integers(-2, 12), min_size=3, max_size=6),
    ),
    min_size=1,
    max_size=3,
)


async def pixels(lively, output, scene, words, frame, keeper=None):
    bench = Bench(keeper=keeper, id=f"{frame}", steps_left=1)
    parameters = rendering(lively, output, str(frame))
    parameters["args"] = ["--scene", scene, *words, *parameters["args"]]
    await bench.run("blender-render", **parameters)
    with Image.open(bench.images[0]) as image:
        return image.tobytes(), any("going on" in line for line in bench.lines)


@pytest.fixture(scope="module")
def new(lively, tmp_path_factory):
    """Pixels of a frame in a Blender of its own, each rendered once."""
    known = {}

    async def render(*what):
        if what not in known:
            output = tmp_path_factory.mktemp("new")
            known[what] = (await pixels(lively, output, *what))[0]
        return known[what]

    return render


@given(runs=RUNS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_frames_in_an_open_blender_equal_those_in_new_ones(runs, lively, new, tmp_path_factory):
    async def compare():
        output = tmp_path_factory.mktemp("open")
        async with open_keeper() as keeper:
            for (scene, words), parts in groupby(runs, key=lambda run: run[:2]):
                for at, frame in enumerate(frame for part in parts for frame in part[2]):
                    what = (scene, words, frame)
                    got, was_open = await pixels(lively, output, *what, keeper=keeper)
                    assert was_open == (at > 0)
                    assert got == await new(*what), what

    trio.run(compare)


EEVEE = """
engines = scene.render.bl_rna.properties["engine"].enum_items.keys()
scene.render.engine = "BLENDER_EEVEE_NEXT" if "BLENDER_EEVEE_NEXT" in engines else "BLENDER_EEVEE"
scene.eevee.taa_render_samples = 2
scene.render.use_motion_blur = True
scene.render.resolution_x, scene.render.resolution_y = 32, 18
cube = bpy.data.objects["Cube"]
for frame in (1, 9):
    cube.rotation_euler.z = frame / 4
    cube.keyframe_insert("rotation_euler", frame=frame)
"""


async def test_frames_of_eevee_are_the_same_too(tmp_path):
    lively = age(make_scene(tmp_path / "lively.blend", EEVEE))
    new = {n: (await pixels(lively, tmp_path / "new", "Scene", (), n))[0] for n in (2, 7)}
    assert new[2] != new[7]
    async with open_keeper() as keeper:
        for at, frame in enumerate([7, 2]):
            got = await pixels(lively, tmp_path / "open", "Scene", (), frame, keeper=keeper)
            assert got == (new[frame], at > 0)
