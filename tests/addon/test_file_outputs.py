"""File Output nodes of the compositor, whose folders count from a file that is copied."""

from pathlib import Path

import pytest

from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager
from tests.addon.scene_files import make_file
from tests.addon.submitting import in_blender

pytestmark = pytest.mark.slow


def test_a_file_whose_compositor_writes_beside_it_writes_beside_the_frames(
    blender: InstalledBlender, manager: FakeManager, tmp_path: Path
) -> None:
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend")
    script = """
def tree_of(scene):
    if hasattr(scene, "compositing_node_group"):
        scene.compositing_node_group = bpy.data.node_groups.new("C", "CompositorNodeTree")
        return scene.compositing_node_group
    scene.use_nodes = True
    return scene.node_tree

tree = tree_of(scene)
group = bpy.data.node_groups.new("Passes", "CompositorNodeTree")
tree.nodes.new("CompositorNodeGroup").node_tree = group
for owner, path in ((tree, "//../depth/"), (group, "//mist"), (tree, "/srv/all/")):
    node = owner.nodes.new("CompositorNodeOutputFile")
    setattr(node, "directory" if hasattr(node, "directory") else "base_path", path)
bpy.ops.wm.save_mainfile()
finish(tried())
"""
    run = in_blender(blender, manager, script, blendfile)
    assert run.result == ["FINISHED"], run.output
    (job,) = manager.submitted
    frames = job["settings"]["render_output_path"]
    assert "{" not in frames
    look = """
trees = [*bpy.data.node_groups, *(getattr(one, "node_tree", None) for one in bpy.data.scenes)]
nodes = [node for tree in trees if tree for node in tree.nodes if node.type == "OUTPUT_FILE"]
finish(sorted(getattr(node, "directory", "") or node.base_path for node in nodes))
"""
    folder = Path(frames).parent
    sent = Path(job["settings"]["blendfile"])
    expected = ["/srv/all/", f"{folder}/depth/", f"{folder}/mist/"]
    assert blender.run(look, blendfile=sent).result == sorted(expected)
    home = blender.run(look, blendfile=blendfile).result
    assert home == ["//../depth/", "//mist", "/srv/all/"]


def test_a_node_in_a_library_that_is_sent_writes_beside_the_frames(
    blender: InstalledBlender, manager: FakeManager, tmp_path: Path
) -> None:
    made = """
group = bpy.data.node_groups.new("Passes", "CompositorNodeTree")
group.use_fake_user = True
node = group.nodes.new("CompositorNodeOutputFile")
setattr(node, "directory" if hasattr(node, "directory") else "base_path", "//mist")
"""
    library = make_file(blender, tmp_path / "home" / "lib.blend", made)
    script = """
with bpy.data.libraries.load(folder + "/lib.blend", link=True, relative=True) as (_, data):
    data.node_groups = ["Passes"]
if hasattr(scene, "compositing_node_group"):
    tree = scene.compositing_node_group = bpy.data.node_groups.new("C", "CompositorNodeTree")
else:
    scene.use_nodes = True
    tree = scene.node_tree
tree.nodes.new("CompositorNodeGroup").node_tree = data.node_groups[0]
"""
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend", script)
    run = in_blender(blender, manager, "finish(tried())", blendfile)
    assert run.result == ["FINISHED"], run.output
    (job,) = manager.submitted
    look = """
node = bpy.data.node_groups["Passes"].nodes[0]
finish(getattr(node, "directory", "") or node.base_path)
"""
    sent = Path(job["settings"]["blendfile"])
    frames = Path(job["settings"]["render_output_path"]).parent
    assert blender.run(look, blendfile=sent).result == f"{frames}/mist/"
    assert blender.run(look, blendfile=library).result == "//mist"
