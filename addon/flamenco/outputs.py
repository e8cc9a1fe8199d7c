# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a job writes, and what is told of places that Workers do not reach."""

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import bpy

from . import file_outputs, manager
from .errors import NotReady
from .findings import Finding
from .job import JobDraft
from .paths import file_name, is_inside
from .plan import PackPlan

_OUTPUT = "render_output_path"
"""Key of the setting with the path of a job's frames."""


def outside(scene: bpy.types.Scene, folders: Iterable[Path]) -> tuple[str, ...]:
    """A sentence for each node of a scene that writes outside of folders that Workers share.

    What begins with `//` counts from the .blend file, which all of them read.
    """
    shared = tuple(folders)
    return tuple(
        f'File Output node "{node.name}" writes to {path}, on each Worker\'s own disk'
        for node in file_outputs.nodes_of(file_outputs.tree_of(scene))
        if (path := file_outputs.folder_of(node))
        and not path.startswith("//")
        and not _is_shared(path, shared)
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


def refuse_private(
    draft: JobDraft, scenes: Iterable[bpy.types.Scene], blendfile: Path, storage: Path
) -> None:
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
    for node in file_outputs.nodes_of_all(scenes):
        if file_outputs.is_beside(node) and _OUTPUT not in draft.settings:
            raise _beside(node)


def _beside(node: bpy.types.Node) -> NotReady:
    return NotReady(
        f'File Output node "{node.name}" writes to {file_outputs.folder_of(node)}, beside the copy '
        "of the file that is sent. Enter a folder that Workers reach, with its whole path"
    )


def libraries_to_rewrite(scenes: Iterable[bpy.types.Scene], plan: PackPlan) -> list[Path]:
    """Libraries with nodes that write beside the file.

    Raises NotReady for one that is not sent, since it cannot be rewritten.
    """
    found = {}
    for node in file_outputs.nodes_of_all(scenes) if plan.files else ():
        library = node.id_data.library
        if library is not None and file_outputs.is_beside(node):
            file = Path(os.path.abspath(bpy.path.abspath(library.filepath)))
            if file not in plan.files:
                raise _beside(node)
            found[file] = None
    return [*found]


def with_its_own_place(
    draft: JobDraft, scenes: Iterable[bpy.types.Scene], moment: datetime
) -> tuple[JobDraft, str]:
    """The job, and the folder for nodes of its scenes that write beside the .blend file.

    A file that is sent has that folder in it, so the job's place is settled here, by its name and a
    moment; else the Manager does that. Without such nodes, the job as it is, and no folder.
    """
    output = str(draft.settings.get(_OUTPUT, ""))
    nodes = file_outputs.nodes_of_all(scenes)
    if not output or not any(map(file_outputs.is_beside, nodes)):
        return draft, ""
    stamp = moment.astimezone().strftime("%Y-%m-%d_%H%M%S")
    settled = output.replace("{timestamp}", stamp).replace("{jobname}", file_name(draft.name))
    own = replace(draft, settings={**draft.settings, _OUTPUT: settled})
    return own, settled.replace("\\", "/").rpartition("/")[0]


def without_camera(scene: bpy.types.Scene) -> tuple[Finding, ...]:
    """A finding if the scene has nothing to look through or to show.

    It is mended if there is one camera that is not in use.
    """
    by_marker = any(marker.camera for marker in scene.timeline_markers)
    editor = scene.sequence_editor if scene.render.use_sequencer else None
    has_strips = editor is not None and any(
        editor.strips if hasattr(editor, "strips") else editor.sequences
    )
    if (
        scene.camera is None
        and not by_marker
        and not has_strips
        and file_outputs.tree_of(scene) is None
    ):
        cameras = [each for each in scene.objects if each.type == "CAMERA"]
        mend = partial(setattr, scene, "camera", cameras[0]) if len(cameras) == 1 else None
        return (Finding(f'Scene "{scene.name}" has no camera', mend),)
    return ()


def _is_shared(path: str, folders: Iterable[Path]) -> bool:
    return any(Path(path) == folder or is_inside(Path(path), folder) for folder in folders)
