"""Script that finishes an image whose parts are joined: denoised, composited, with its look.

Nothing is rendered: the compositor takes the passes from the file instead of the render layers.
"""

import json
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[2]))
from worker.in_blender.file_outputs import number_file_outputs
from worker.in_blender.saving import save_one

sys.path.pop()

PASSES = {"Image": "Combined", "Noisy Image": "Combined"}
"""{output of render layers: its name in the file}, where that differs."""

ENDS = {"COMPOSITE", "GROUP_OUTPUT"}
"""Types of the node with which a tree ends. Since 5.0 it may lack one: then the image is shown as
it was rendered."""


def has_denoiser() -> bool:
    """True if this Blender can denoise."""
    import _cycles  # only there where Cycles is

    return bool(_cycles.with_openimagedenoise)


def new_tree(scene: Any) -> Any:
    """An empty tree of compositing nodes for a scene."""
    if hasattr(scene, "compositing_node_group"):  # since 5.0
        tree = bpy.data.node_groups.new("Flamenco", "CompositorNodeTree")
        scene.compositing_node_group = tree
        return tree
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree


def scene_tree(scene: Any) -> Any:
    """The compositing nodes of a scene, if it uses them."""
    if not scene.render.use_compositing:
        return None
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


class Passes:
    """The passes of the joined file, as nodes of a tree."""

    def __init__(self, tree: Any, image: Any, denoise: bool) -> None:
        self._tree = tree
        self._image = image
        self._denoise = denoise

    def of(self, layer: str) -> "dict[str, Any]":
        """Sockets with the passes of a view layer, by their names, and its alpha."""
        nodes = self._tree.nodes
        source = nodes.new("CompositorNodeImage")
        source.image = self._image
        if source.has_layers:
            source.layer = layer
        found = {socket.name: socket for socket in source.outputs}
        split = nodes.new("CompositorNodeSeparateColor")
        self._tree.links.new(found["Combined"], split.inputs[0])
        found["Alpha"] = split.outputs["Alpha"]
        if self._denoise:
            found["Combined"] = self._denoised(found)
        return found

    def _denoised(self, found: "dict[str, Any]") -> Any:
        node = self._tree.nodes.new("CompositorNodeDenoise")
        self._tree.links.new(found["Combined"], node.inputs["Image"])
        for name in ("Albedo", "Normal"):
            data = found.get(f"Denoising {name}")
            if data is not None:
                self._tree.links.new(data, node.inputs[name])
        return node.outputs["Image"]


def show_plainly(tree: Any, passes: Passes, scene: Any) -> None:
    """Let the tree output the first view layer as it is."""
    layer = next((each.name for each in scene.view_layers if each.use), scene.view_layers[0].name)
    is_group = hasattr(scene, "compositing_node_group")
    if is_group and not tree.interface.items_tree:
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    end = tree.nodes.new("NodeGroupOutput" if is_group else "CompositorNodeComposite")
    tree.links.new(passes.of(layer)["Combined"], end.inputs["Image"])


def take_from_file(tree: Any, passes: Passes, scene: Any) -> None:
    """Give the passes of the file to nodes that use the scene's render layers."""
    for node in [each for each in tree.nodes if each.type == "R_LAYERS" and each.scene == scene]:
        found = passes.of(node.layer)
        for output in node.outputs:
            for link in list(output.links):
                socket = found.get(PASSES.get(output.name, output.name))
                if socket is None:
                    raise SystemExit(
                        f"Error: no pass {output.name!r} was rendered for the compositing nodes"
                    )
                tree.links.new(socket, link.to_socket)
        tree.nodes.remove(node)


def set_format(render: Any, file_format: str) -> None:
    """Set the format, with the scene's own settings if it is the scene's format."""
    settings = render.image_settings
    if settings.file_format == file_format:
        return
    if hasattr(settings, "media_type"):  # since 5.0
        settings.media_type = "IMAGE"
    settings.file_format = file_format


def main(asked: "dict[str, Any]") -> None:
    """Make the picture. Raises SystemExit if no file is written."""
    scene = bpy.context.scene
    render = scene.render
    if asked["denoise"] and not has_denoiser():
        sentence = "Blender on this Worker is built without OpenImageDenoise"
        print(f"flamenco: missing-plugin: {sentence}", flush=True)
        sys.exit(1)
    scene.frame_set(asked["frame"])
    image = bpy.data.images.load(asked["source"])
    tree = scene_tree(scene)
    if tree is None:
        tree = new_tree(scene)
    passes = Passes(tree, image, asked["denoise"])
    take_from_file(tree, passes, scene)
    if not any(node.type in ENDS for node in tree.nodes):
        show_plainly(tree, passes, scene)
    if hasattr(render, "compositor_precision"):  # since 4.2
        render.compositor_precision = "FULL"
    render.resolution_percentage = asked["percentage"]
    render.use_border = render.use_sequencer = False
    render.use_compositing = render.use_overwrite = True
    set_format(render, asked["format"])
    number_file_outputs(scene)
    save_one(scene.render, asked["frame"], Path(asked["output"]))


main(json.loads(sys.argv[-1]))
