"""Files that Blender's own walk leaves out are found, by a Blender that has geometry bakes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.addon.blender import find_blender

pytestmark = pytest.mark.slow

# Blender 4.3 and newer; see CONTRIBUTING.md on tests with another Blender.
_SCRIPT = """
import json, os, sys
import bpy

def found():
    sys.path.insert(0, {root!r})
    from addon.flamenco import background, dependencies
    found = background.run(dependencies.of_open_file())
    kept = (one for one in found if {folder!r} in str(one.path))
    return sorted([os.path.relpath(one.path, {folder!r}), one.kind] for one in kept)

def baked():
    bpy.ops.wm.read_factory_settings(use_empty=False)
    thing = bpy.data.objects["Cube"]
    tree = bpy.data.node_groups.new("G", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    names = ("NodeGroupInput", "GeometryNodeBake", "NodeGroupOutput")
    given, bake, taken = (tree.nodes.new(name) for name in names)
    tree.links.new(given.outputs[0], bake.inputs[0])
    tree.links.new(bake.outputs[0], taken.inputs[0])
    if hasattr(bpy.types, "GeometryNodeImportSTL"):
        tree.nodes.new("GeometryNodeImportSTL").inputs["Path"].default_value = "//part.stl"
    modifier = thing.modifiers.new("Geo", "NODES")
    modifier.node_group = tree
    modifier.bake_target, modifier.bakes[0].bake_mode = "DISK", "STILL"
    modifier.bake_directory = "//bakes/all"
    bpy.ops.wm.save_as_mainfile(filepath={folder!r} + "/shot.blend")
    with bpy.context.temp_override(object=thing, active_object=thing):
        bpy.ops.object.geometry_node_bake_single(
            session_uid=thing.session_uid, modifier_name="Geo", bake_id=modifier.bakes[0].bake_id
        )
    modifier.bakes[0].use_custom_path, modifier.bakes[0].directory = True, "//bakes/own"
    bpy.ops.wm.save_mainfile()

if bpy.app.version >= (4, 3, 0):
    baked()
    print("FOUND " + json.dumps([hasattr(bpy.types, "GeometryNodeImportSTL"), found()]))
else:
    print("FOUND null")
"""


def found_by(text: str, tmp_path: Path) -> Any:
    """What the script prints after FOUND."""
    script = tmp_path / "script.py"
    root = str(Path(__file__).parents[2])
    script.write_text(text.format(root=root, folder=str(tmp_path)))
    ended = subprocess.run(
        [find_blender(), "--background", "--python-exit-code", "7", "--python", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith("FOUND ")]
    assert lines, ended.stdout + ended.stderr
    return json.loads(lines[0].removeprefix("FOUND "))


def test_bakes_of_geometry_nodes_and_the_files_that_nodes_import(tmp_path: Path) -> None:
    told = found_by(_SCRIPT, tmp_path)
    if told is None:
        pytest.skip("this Blender has no bakes of geometry nodes")
    imports, found = told
    expected = [
        ["bakes/all", "BAKE"],
        ["bakes/own", "BAKE"],
        ["blendcache_shot", "DIRECTORY"],
        *([["part.stl", "FILE"]] if imports else []),
    ]
    assert found == expected
    assert any((tmp_path / "bakes" / "all").rglob("*.json"))


_SIMULATED = """
import json, os, sys
import bpy

sys.path.insert(0, {root!r})
from addon.flamenco import background, dependencies

bpy.ops.wm.read_factory_settings(use_empty=False)
thing = bpy.data.objects["Cube"]
for kind in ("CLOTH", "SOFT_BODY", "PARTICLE_SYSTEM", "DYNAMIC_PAINT"):
    thing.modifiers.new(kind, kind)
with bpy.context.temp_override(object=thing, active_object=thing):
    bpy.ops.dpaint.type_toggle(type="CANVAS")
    bpy.ops.rigidbody.world_add()
caches = [
    thing.modifiers["CLOTH"].point_cache,
    thing.modifiers["SOFT_BODY"].point_cache,
    thing.particle_systems[0].point_cache,
    thing.modifiers["DYNAMIC_PAINT"].canvas_settings.canvas_surfaces[0].point_cache,
    bpy.context.scene.rigidbody_world.point_cache,
]
for number, cache in enumerate(caches):
    cache.use_external, cache.filepath = True, "//caches/" + str(number)
bpy.ops.wm.save_as_mainfile(filepath={folder!r} + "/shot.blend")
found = background.run(dependencies.of_open_file())
kept = (one for one in found if one.kind == "CACHE")
print("FOUND " + json.dumps(sorted(os.path.relpath(one.path, {folder!r}) for one in kept)))
"""


def test_point_caches_in_folders_of_their_own(tmp_path: Path) -> None:
    found = found_by(_SIMULATED, tmp_path)
    assert found == [f"caches/{number}" for number in range(5)]


_EVERYTHING = """
import json, os, sys
import bpy

sys.path.insert(0, {root!r})
from addon.flamenco import background, dependencies

bpy.ops.wm.read_factory_settings(use_empty=False)
folder = {folder!r}
data = bpy.data
thing, scene = data.objects["Cube"], bpy.context.scene

def touched(name):
    with open(os.path.join(folder, name), "w"):
        return os.path.join(folder, name)

part = data.materials.new("Part")
data.libraries.write(folder + "/library.blend", {{part}})
data.materials.remove(part)
bpy.ops.wm.save_as_mainfile(filepath=folder + "/shot.blend")
with data.libraries.load("//library.blend", link=True, relative=True) as (_, wanted):
    wanted.materials = ["Part"]
thing.data.materials.append(data.materials["Part"])

for name, source in (("a.png", "FILE"), ("b_01.png", "SEQUENCE"), ("c.<UDIM>.png", "TILED")):
    image = data.images.new(name, 4, 4, tiled=source == "TILED")
    image.source, image.filepath = source, "//" + name
image = data.images.new("d_1.png", 4, 4)
image.filepath_raw = folder + "/d_1.png"
image.save()
data.movieclips.load(folder + "/d_1.png").filepath = "//clip_1.png"
data.sounds.load(touched("e.wav")).filepath = "//e.wav"
data.volumes.new("V").filepath = "//f.vdb"
data.texts.load(touched("h.osl")).filepath = "//h.osl"

data.materials["Material"].use_nodes = True
tree = data.materials["Material"].node_tree
for kind, path in (("ShaderNodeTexIES", "//i.ies"), ("ShaderNodeScript", "//j.osl")):
    node = tree.nodes.new(kind)
    node.mode, node.filepath = "EXTERNAL", path

editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
still = strips.new_image("S", folder + "/k_1.png", 1, 1)
still.elements.append("k_2.png")
still.directory = "//strip/"
strips.new_movie("M", folder + "/l.mov", 2, 1).filepath = "//l.mov"

thing.modifiers.new("MC", "MESH_CACHE").filepath = "//m.mdd"
thing.modifiers.new("F", "FLUID").fluid_type = "DOMAIN"
thing.modifiers["F"].domain_settings.cache_directory = "//fluid"

found = background.run(dependencies.of_open_file())
lines = [[os.path.relpath(one.path, folder), one.kind, one.owner is not None] for one in found]
walked = [os.path.relpath(path, folder) for path in bpy.utils.blend_paths(absolute=True)]
own = "/datafiles/"
print("FOUND " + json.dumps([sorted(lines), [one for one in walked if own not in one]]))
"""


def test_the_places_that_are_known_are_all_that_blender_itself_visits(tmp_path: Path) -> None:
    found, walked = found_by(_EVERYTHING, tmp_path)
    assert {name: kind for name, kind, _ in found} == {
        "a.png": "FILE",
        "b_01.png": "SEQUENCE",
        "blendcache_library": "DIRECTORY",
        "blendcache_shot": "DIRECTORY",
        "c.<UDIM>.png": "FILE",
        "clip_1.png": "SEQUENCE",
        "d_1.png": "FILE",
        "e.wav": "FILE",
        "f.vdb": "FILE",
        "fluid": "FLUID",
        "h.osl": "FILE",
        "i.ies": "FILE",
        "j.osl": "FILE",
        "l.mov": "FILE",
        "library.blend": "LIBRARY",
        "m.mdd": "FILE",
        "strip": "FILE",
    }
    assert all(known for _, _, known in found)
    names = {name for name, _, _ in found}
    assert {one if "strip" not in one else "strip" for one in walked} <= names
