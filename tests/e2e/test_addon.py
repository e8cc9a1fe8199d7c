"""The add-on in a real Blender submits the open file to a real Manager."""

from pathlib import Path

import pytest
from PIL import Image

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


LIBRARY_OF_LIBRARY = """
image_file(folder + "/maps/deep.png", 0.9)
emitting("Deep", "//maps/deep.png")
"""
LIBRARY = """
image_file(folder + "/maps/wood.png", 0.3)
emitting("Wood", "//maps/wood.png")
linked({deep!r}, "Deep", relative=False)
panel("Deeper", "Deep", 2)
"""
PROJECT = (
    SCENE
    + """
import struct
home = folder + "/../far"
for frame in (1, 2):
    image_file(f"{home}/sequence/s_000{frame}.png", 0.2 * frame)
for tile in (1001, 1002):
    image_file(f"{home}/tiles/t.{tile}.png", 0.0007 * tile)
image_file(home + "/single.png", 0.7)
with open(home + "/shift.pc2", "wb") as cache:
    cache.write(struct.pack("<12siiffi", b"POINTCACHE2", 1, 4, 1.0, 1.0, 2))
    for frame in (1, 2):
        for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
            cache.write(struct.pack("<3f", x * 0.5 * frame, y * 0.5, 0.0))
emitting("Sequence", home + "/sequence/s_0001.png", "SEQUENCE")
emitting("Tiles", home + "/tiles/t.<UDIM>.png", "TILED")
emitting("Single", home + "/single.png")
linked({wood!r}, "Wood", relative=False)
with bpy.data.libraries.load({wood!r}, link=True) as (_, wanted):
    wanted.objects = ["Deeper"]
scene.collection.objects.link(wanted.objects[0])
for number, name in enumerate(("Sequence", "Tiles", "Single", "Wood")):
    panel(name, name, number - 2)
modifier = bpy.data.objects["Single"].modifiers.new("Shift", "MESH_CACHE")
modifier.cache_format, modifier.filepath = "PC2", home + "/shift.pc2"
bpy.data.objects.remove(bpy.data.objects["Cube"])
scene.camera.location, scene.camera.rotation_euler = (0.5, 0.5, 5), (0, 0, 0)
scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 6
scene.view_settings.view_transform = "Standard"
scene.cycles.samples = 4
"""
)
HELPERS = """
def image_file(path, grey):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    image = bpy.data.images.new("pixels", 4, 4)
    image.pixels = [grey, 1 - grey, grey / 2, 1] * 16
    image.filepath_raw, image.file_format = path, "PNG"
    image.save()
    bpy.data.images.remove(image)

def emitting(name, path, source="FILE"):
    image = bpy.data.images.new(name, 4, 4, tiled=source == "TILED")
    image.source, image.filepath = source, path
    if source == "TILED":
        image.tiles.new(1002)
    material = bpy.data.materials.new(name)
    material.use_nodes, material.use_fake_user = True, True
    tree = material.node_tree
    shader = tree.nodes.new("ShaderNodeEmission")
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    if source == "SEQUENCE":
        node.image_user.frame_duration, node.image_user.use_auto_refresh = 2, True
    tree.links.new(node.outputs["Color"], shader.inputs["Color"])
    tree.links.new(shader.outputs[0], tree.nodes["Material Output"].inputs["Surface"])

def linked(path, name, relative):
    with bpy.data.libraries.load(path, link=True, relative=relative) as (_, wanted):
        wanted.materials = [name]

def panel(name, material, x):
    mesh = bpy.data.meshes.new(name)
    corners = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
    mesh.from_pydata(corners, [], [(0, 1, 3, 2)])
    layer = mesh.uv_layers.new()
    for loop, (u, v) in enumerate([(0, 0), (1.9, 0), (1.9, 1), (0, 1)]):
        layer.data[loop].uv = u, v
    mesh.materials.append(bpy.data.materials[material])
    thing = bpy.data.objects.new(name, mesh)
    thing.location.x = x * 1.1
    scene.collection.objects.link(thing)

"""
RENDER = """
scene = bpy.context.scene
scene.render.filepath = {output!r}
bpy.ops.render.render(animation=True)
finish(True)
"""


def pixels(file: Path) -> bytes:
    with Image.open(file) as image:
        return image.convert("RGBA").tobytes()


def test_what_the_farm_renders_without_the_originals_is_what_blender_renders_here(tmp_path):
    blender = InstalledBlender.install(find_blender(), zip_addon(tmp_path), tmp_path / "blender")
    home, here = tmp_path / "home", tmp_path / "here"
    deep = make_file(blender, home / "deep" / "deep.blend", HELPERS + LIBRARY_OF_LIBRARY)
    wood = make_file(
        blender, home / "assets" / "wood.blend", HELPERS + LIBRARY.format(deep=str(deep))
    )
    project = PROJECT.replace("{wood!r}", repr(str(wood)))
    shot = make_file(blender, home / "film" / "shot.blend", HELPERS + project)
    assert blender.run(RENDER.format(output=f"{here}/######"), blendfile=shot).result
    renders = tmp_path / "renders"
    with running_manager(tmp_path / "farm") as url:
        run = blender.run(SUBMIT.format(url=url, root=str(renders)), blendfile=shot)
        assert run.result == ["FINISHED"], run.output
        assert "Outside" not in run.output
        home.rename(tmp_path / "out of reach")
        with running_worker(url, tmp_path / "anna", "anna"):
            (job,) = get(f"{url}api/v3/jobs").json()["jobs"]
            assert finished_status(url, job["id"]) == "completed"
    for name in ("000001.png", "000002.png"):
        (rendered,) = renders.rglob(name)
        assert pixels(rendered) == pixels(here / name)
    assert pixels(here / "000001.png") != pixels(here / "000002.png")
