"""Faults of the open file are told before it is sent."""

from pathlib import Path

import pytest

from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager
from tests.addon.scene_files import make_file
from tests.addon.submitting import in_blender

pytestmark = pytest.mark.slow


def test_without_a_camera_tells_it_of_jobs_that_open_the_file(
    blender: InstalledBlender, manager: FakeManager, storage: Path
) -> None:
    blendfile = make_file(blender, storage / "shot.blend", "scene.camera = None")
    script = """
import flamenco.background as background, flamenco.submission as submission, types
empty = types.SimpleNamespace(setting=lambda key: None)
answers = [tried(), background.run(submission.Submission("", False)._faults(empty, [scene]))]
editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
until = "length" if bpy.app.version >= (5, 0) else "frame_end"
strips.new_effect(name="C", type="COLOR", channel=1, frame_start=1, **{until: 9})
finish([*answers, tried()])
"""
    run = in_blender(blender, manager, script, blendfile)
    assert run.result == [["FINISHED"], [], ["FINISHED"]]
    assert run.output.count('submitted; Scene "Shot" has no camera') == 1


def test_with_simulations_or_images_that_only_this_blender_has_tells_them(
    blender: InstalledBlender, manager: FakeManager, storage: Path
) -> None:
    blendfile = make_file(blender, storage / "shot.blend")
    script = """
def made(name, modifier=""):
    thing = bpy.data.objects.new(name, bpy.data.meshes.new(name))
    scene.collection.objects.link(thing)
    if modifier:
        thing.modifiers.new(modifier.title(), modifier)
    return thing

for name in ("Flag", "Kept", "Hidden"):
    made(name, "CLOTH")
scene.objects["Kept"].modifiers[0].point_cache.use_external = True
scene.objects["Hidden"].hide_render = True
domain = made("Smoke", "FLUID").modifiers[0]
domain.fluid_type = "DOMAIN"
flow = made("Flow", "FLUID").modifiers[0]
flow.fluid_type = "FLOW"
for name, physics in (("Sparks", "NEWTON"), ("Gravel", "NO")):
    thing = made(name, "PARTICLE_SYSTEM")
    thing.particle_systems[0].settings.physics_type = physics
painted, plain = (bpy.data.images.new(name, 2, 2) for name in ("Painted", "Plain"))
painted.pixels[0] = 0.5
finish(tried())
"""
    run = in_blender(blender, manager, script, blendfile)
    assert run.result == ["FINISHED"], run.output
    unbaked = "is not baked, so that Workers may render it otherwise"
    for told in (
        'Image "Painted" has changes that are not saved, and Workers read the file',
        f'Cloth of "Flag" {unbaked}',
        f'Fluid of "Smoke" {unbaked}',
        f'of "Sparks" {unbaked}',
    ):
        assert run.output.count(told) == 1, run.output
    assert run.output.count(unbaked) == 3
    assert run.output.count("changes that are not saved") == 1


def test_a_scene_for_the_gpu_asks_for_workers_that_have_one(
    blender: InstalledBlender, manager: FakeManager, storage: Path
) -> None:
    blendfile = make_file(blender, storage / "shot.blend")
    script = """
import types, flamenco.preflight as preflight
def told():
    return [str(one) for one in preflight.without_gpu(scene, plain, scene)]
plain = types.SimpleNamespace(setting=lambda key: None)
device = types.SimpleNamespace(setting=lambda key: key)
by_cpu = told()
scene.render.engine, scene.cycles.device = "CYCLES", "GPU"
typed = preflight.without_gpu(scene, device, scene)
(found,) = preflight.without_gpu(scene, plain, scene)
found.mend()
finish([by_cpu, list(typed), str(found), scene.flamenco_needs_gpu, told()])
"""
    run = in_blender(blender, manager, script, blendfile)
    text = 'Scene "Shot" renders on the GPU, and Workers without one would use their CPU'
    assert run.result == [[], [], text, "any", []], run.output


def test_a_simulation_of_geometry_nodes_without_a_bake_on_the_disk_is_told(
    blender: InstalledBlender, manager: FakeManager, storage: Path
) -> None:
    blendfile = make_file(blender, storage / "shot.blend")
    script = """
import flamenco.preflight as preflight
answers = None
if bpy.app.version >= (4, 5):
    tree = bpy.data.node_groups.new("G", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    begin, end = (tree.nodes.new("GeometryNodeSimulation" + part) for part in ("Input", "Output"))
    begin.pair_with_output(end)
    given, made = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    tree.links.new(given.outputs[0], begin.inputs["Geometry"])
    tree.links.new(begin.outputs["Geometry"], end.inputs["Geometry"])
    tree.links.new(end.outputs["Geometry"], made.inputs[0])
    thing = bpy.data.objects["Cube"]
    modifier = thing.modifiers.new("Nodes", "NODES")
    modifier.node_group = tree
    def told():
        return [str(one) for one in preflight._simulations(thing) if one]
    answers = [told()]
    modifier.bake_target = "DISK"
    answers.append(told())
    scene.frame_start = scene.frame_end = 1
    bake = modifier.bakes[0].bake_id
    bpy.ops.object.geometry_node_bake_single(
        session_uid=thing.session_uid, modifier_name="Nodes", bake_id=bake
    )
    answers.append(told())
finish(answers)
"""
    run = in_blender(blender, manager, script, blendfile)
    told = ['Nodes of "Cube" is not baked, so that Workers may render it otherwise']
    assert run.result in (None, [[], told, []]), run.output


def test_an_image_from_outside_is_packed_into_the_file_that_alone_uses_it(
    blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
) -> None:
    far = tmp_path / "far" / "wall.png"
    used = f'image_file("{far}")\nuse_image("{far}")'
    blendfile = make_file(blender, storage / "shot.blend", used)
    script = f"""
import pathlib
import flamenco.preflight as preflight
far = pathlib.Path({str(far)!r})
outside = "Outside the shared storage: " + str(far)
before = tried()
preflight.packing_of(far)()
bpy.ops.wm.save_mainfile()
after = tried()
try:
    again = preflight.packing_of(far)()
except RuntimeError as ex:
    again = str(ex)
finish([before, after, again, preflight.packing_of(far.with_suffix(".vdb"))])
"""
    run = in_blender(blender, manager, script, blendfile)
    again = "only a library, a sequence or tiles use it"
    assert run.result == [["FINISHED"], ["FINISHED"], again, None], run.output
    assert run.output.count(f"Outside the shared storage: {far}") == 1
