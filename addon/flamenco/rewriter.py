# SPDX-License-Identifier: GPL-3.0-or-later
"""Script for a Blender in the background: saves copies of blend files with other paths in them.

Its argument is a JSON file with `files`, a list of [blend file, its place in the pack, its copy],
`targets`, {path: place in the pack}, and `output`, the folder for nodes that write beside the first
of the files, also where those are in the others. Each file is opened by itself, so that its own
paths, those to libraries included, are what is rewritten. Where nothing has to change there is no
copy.
"""

import importlib
import json
import os
import posixpath
import sys
import types
from collections.abc import Mapping
from pathlib import Path

import bpy

_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""How files begin that are compressed, with gzip or Zstandard."""

# The add-on is not enabled here, and its name depends on how it was installed.
_package = types.ModuleType("flamenco_packing")
_package.__path__ = [str(Path(__file__).parent)]
sys.modules[_package.__name__] = _package
_dependencies = importlib.import_module("flamenco_packing.dependencies")
_outputs = importlib.import_module("flamenco_packing.file_outputs")
_places = importlib.import_module("flamenco_packing.places")


def main(request: str) -> None:
    """Make the copies."""
    asked = json.loads(Path(request).read_text("utf-8"))
    for file, place, copy in asked["files"]:
        _open(file)
        count = _rewrite(posixpath.dirname(place), asked["targets"])
        if asked["output"]:
            count += _outputs.write_into(asked["output"])
        if count:
            bpy.ops.wm.save_as_mainfile(
                filepath=copy, copy=True, compress=_is_compressed(file), relative_remap=False
            )


def _open(file: str) -> None:
    try:
        bpy.ops.wm.open_mainfile(filepath=file, use_scripts=False)
    except RuntimeError:
        # Also raised for a library that is missing, when the file is open.
        if os.path.normpath(bpy.data.filepath) != os.path.normpath(file):
            raise


def _rewrite(folder: str, targets: Mapping[str, str]) -> int:
    """Rewrite the paths in the open file, which will lie in `folder`; their number."""
    where, count = _dependencies.Whereabouts(), 0
    for one in _places.of_open_file():
        if one is None or not one.text or (one.block.library and one.kind != "LIBRARY"):
            continue
        target = targets.get(str(where.dependency(one).path))
        if target is not None:
            text = "//" + posixpath.relpath(target, folder or ".")
            text += "/" if one.text.endswith(("/", "\\")) else ""
            if text != one.text:
                one.write(text)
                count += 1
    return count


def _is_compressed(file: str) -> bool:
    with open(file, "rb") as reader:
        return reader.read(4).startswith(_COMPRESSED)


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--") + 1])
