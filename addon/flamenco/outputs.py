# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a job writes, and what is told of places that Workers do not reach."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import bpy

from . import manager
from .errors import NotReady
from .job import JobDraft
from .paths import is_inside


def outside(scene: bpy.types.Scene, folders: Iterable[Path]) -> tuple[str, ...]:
    """A sentence for each node of a scene that writes outside of folders that Workers share.

    What begins with `//` counts from the .blend file, which all of them read.
    """
    shared = tuple(folders)
    return tuple(
        f'File Output node "{node.name}" writes to {path}, on each Worker\'s own disk'
        for node in _nodes(_tree(scene))
        if (path := _path(node)) and not path.startswith("//") and not _is_shared(path, shared)
    )


def outside_of_farm(scene: bpy.types.Scene, rendered: Iterable[bpy.types.Scene]) -> tuple[str, ...]:
    """Those sentences for scenes that are `rendered` by jobs of a scene.

    Shared are its storage, and the folder that its jobs render into.
    """
    info = manager.info()
    root = getattr(getattr(scene, "flamenco_job_settings", None), "render_output_root", "")
    folders = [info.storage if info else "", bpy.path.abspath(root)]
    shared = [Path(folder) for folder in folders if folder]
    return tuple(dict.fromkeys(told for each in rendered for told in outside(each, shared)))


def refuse_private(draft: JobDraft, scene: bpy.types.Scene, blendfile: Path, storage: Path) -> None:
    """Raises NotReady for a folder that counts from a file which Workers find elsewhere.

    That is a file outside the shared storage.
    """
    for setting, text in draft.folders():
        folder = Path(os.path.normpath(blendfile.parent / text.removeprefix("//")))
        if text.startswith("//") and not _is_shared(str(folder), [storage]):
            raise NotReady(
                f'"{setting.title}" is {text}, which is {folder}, outside the shared storage. '
                "Enter a folder that Workers reach, with its whole path"
            )
    for node in _nodes(_tree(scene)):
        if _path(node).startswith("//"):
            raise NotReady(
                f'File Output node "{node.name}" writes to {_path(node)}, beside the copy of the '
                "file that is sent. Enter a folder that Workers reach, with its whole path"
            )


def without_camera(scene: bpy.types.Scene) -> tuple[str, ...]:
    """A sentence if the scene has nothing to look through or to show."""
    by_marker = any(marker.camera for marker in scene.timeline_markers)
    editor = scene.sequence_editor if scene.render.use_sequencer else None
    has_strips = editor is not None and any(
        editor.strips if hasattr(editor, "strips") else editor.sequences
    )
    if scene.camera is None and not by_marker and not has_strips and _tree(scene) is None:
        return (f'Scene "{scene.name}" has no camera',)
    return ()


def _is_shared(path: str, folders: Iterable[Path]) -> bool:
    return any(Path(path) == folder or is_inside(Path(path), folder) for folder in folders)


def _tree(scene: bpy.types.Scene) -> bpy.types.NodeTree | None:
    if not scene.render.use_compositing:
        return None
    if hasattr(scene, "compositing_node_group"):  # since 5.0
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def _nodes(tree: bpy.types.NodeTree | None) -> Iterator[bpy.types.Node]:
    for node in tree.nodes if tree else ():
        if node.type == "OUTPUT_FILE" and not node.mute:
            yield node
        elif node.type == "GROUP":
            yield from _nodes(node.node_tree)


def _path(node: bpy.types.Node) -> str:
    return node.directory if hasattr(node, "directory") else node.base_path
