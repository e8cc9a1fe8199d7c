# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of the compositor that write files of their own."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import bpy


def tree_of(scene: bpy.types.Scene) -> bpy.types.NodeTree | None:
    """The compositor's nodes, if a render uses them."""
    if not scene.render.use_compositing:
        return None
    if hasattr(scene, "compositing_node_group"):  # since 5.0
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def nodes_of(tree: bpy.types.NodeTree | None) -> Iterator[bpy.types.Node]:
    """The File Output nodes that are not muted, also those in groups."""
    for node in tree.nodes if tree else ():
        if node.type == "OUTPUT_FILE" and not node.mute:
            yield node
        elif node.type == "GROUP":
            yield from nodes_of(node.node_tree)


def nodes_of_all(scenes: Iterable[bpy.types.Scene]) -> Iterator[bpy.types.Node]:
    """Those nodes of several scenes."""
    for scene in scenes:
        yield from nodes_of(tree_of(scene))


def folder_of(node: bpy.types.Node) -> str:
    """The folder that a node writes into, as it is stored."""
    return getattr(node, _attribute(node))


def is_beside(node: bpy.types.Node) -> bool:
    """True if that folder counts from the .blend file."""
    return folder_of(node).startswith("//")


def write_into(folder: str) -> int:
    """Let each node that writes beside the open file write below a folder; their number.

    A library has groups that only other files use.
    """
    trees = [*map(tree_of, bpy.data.scenes)]
    trees += [one for one in bpy.data.node_groups if one.bl_idname == "CompositorNodeTree"]
    beside = {
        node.as_pointer(): node
        for tree in trees
        for node in nodes_of(tree)
        if node.id_data.library is None and is_beside(node)
    }
    for node in beside.values():
        parts = PurePosixPath(folder_of(node)[2:].replace("\\", "/")).parts
        own = PurePosixPath(*(part for part in parts if part != ".."))
        setattr(node, _attribute(node), f"{folder}/{own.as_posix()}/")
    return len(beside)


def _attribute(node: bpy.types.Node) -> str:
    return "directory" if hasattr(node, "directory") else "base_path"
