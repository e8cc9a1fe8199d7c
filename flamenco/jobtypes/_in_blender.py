"""Evaluation of settings inside Blender, with the add-on's names (reference addon §5).

Beside them it tells where File Output nodes write.

The last argument, a JSON text, has the job's name, its settings and the expressions.
"""

import json
import os.path
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy


def abspath(path: "str | Path") -> str:
    """The path, made absolute from the .blend file's folder and normalized."""
    absolute: str = bpy.path.abspath(str(path))
    return os.path.normpath(absolute)


def last_n_dir_parts(n: int, filepath: "str | Path | None" = None) -> Path:
    """The last ``n`` folders above the .blend file."""
    folder = Path(filepath or bpy.data.filepath).parent
    folders = [part for part in folder.parts if part != folder.anchor]
    return Path(*folders[-n:]) if n else Path()


def output_nodes(tree: Any) -> "Iterator[Any]":
    """The File Output nodes of a tree and of the groups in it."""
    for node in tree.nodes if tree else ():
        if node.type == "OUTPUT_FILE" and not node.mute:
            yield node
        elif node.type == "GROUP":
            yield from output_nodes(node.node_tree)


def outputs(scene: Any) -> "list[tuple[str, str]]":
    """Names of File Output nodes, which only a tree tells apart, and paths that they write to."""
    if not scene.render.use_compositing:
        return []
    if hasattr(scene, "compositing_node_group"):  # since 5.0
        tree = scene.compositing_node_group
    else:
        tree = scene.node_tree if scene.use_nodes else None
    return [
        (node.name, node.directory if hasattr(node, "directory") else node.base_path)
        for node in output_nodes(tree)
    ]


def evaluate(questions: "dict[str, Any]") -> "dict[str, Any]":
    """The `settings` by all expressions, and `outputs`; an `error` instead if one fails."""
    settings = SimpleNamespace(**questions["settings"])
    names = {
        "bpy": bpy,
        "C": bpy.context,
        "jobname": questions["job_name"],
        "Path": Path,
        "abspath": abspath,
        "last_n_dir_parts": last_n_dir_parts,
        "settings": settings,
    }
    values = {}
    for key, expression in questions["expressions"].items():
        try:
            value = eval(expression, names)  # noqa: S307 - the job type's own, as in the add-on
        except Exception as error:  # noqa: BLE001 - whatever the expression raises is told
            reason = f"{type(error).__name__}: {error}"
            return {"error": f"cannot work out setting {key!r}: {reason}"}
        values[key] = str(value) if isinstance(value, Path) else value
        setattr(settings, key, values[key])
    return {"settings": values, "outputs": outputs(bpy.context.scene)}


print("flamenco-settings:" + json.dumps(evaluate(json.loads(sys.argv[-1]))))
