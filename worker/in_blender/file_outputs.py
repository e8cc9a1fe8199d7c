"""Numbers of frames in the names of the files that the compositor's File Output nodes write.

Since version 5, Blender puts none into them when it renders a still, as we render each frame, but
for `#` in their names. So they are given one where the frames of an animation have one.
"""

from collections.abc import Iterator
from typing import Any

NUMBER = "####"


def number_file_outputs(scene: Any) -> None:
    """Let each frame of a scene have files of its own."""
    for node in _output_nodes(getattr(scene, "compositing_node_group", None)):
        if node.format.media_type == "MULTI_LAYER_IMAGE":
            if "#" not in node.file_name:
                node.file_name += NUMBER
            continue
        for item in node.file_output_items:
            if "#" not in node.file_name + item.name:
                item.name += NUMBER


def _output_nodes(tree: Any) -> "Iterator[Any]":
    for node in tree.nodes if tree else ():
        if node.type == "OUTPUT_FILE":
            yield node
        elif node.type == "GROUP":
            yield from _output_nodes(node.node_tree)
