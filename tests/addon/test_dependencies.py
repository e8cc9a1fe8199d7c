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
    from addon.flamenco import dependencies
    kept = (one for one in dependencies.of_open_file() if {folder!r} in str(one.path))
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
        ["bakes/all", "DIRECTORY"],
        ["bakes/own", "DIRECTORY"],
        ["blendcache_shot", "DIRECTORY"],
        *([["part.stl", "FILE"]] if imports else []),
    ]
    assert found == expected
    assert any((tmp_path / "bakes" / "all").rglob("*.json"))


_SIMULATED = """
import json, os, sys
import bpy

sys.path.insert(0, {root!r})
from addon.flamenco import dependencies

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
kept = (one for one in dependencies.of_open_file() if one.kind == "CACHE")
print("FOUND " + json.dumps(sorted(os.path.relpath(one.path, {folder!r}) for one in kept)))
"""


def test_point_caches_in_folders_of_their_own(tmp_path: Path) -> None:
    found = found_by(_SIMULATED, tmp_path)
    assert found == [f"caches/{number}" for number in range(5)]
