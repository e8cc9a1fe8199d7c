# SPDX-License-Identifier: GPL-3.0-or-later
"""Output settings of a job that differ from the scene's, which stays as it is.

Of a scene's own values those are taken that job types read from it: format, frame rate and step.
"""

from collections.abc import Mapping
from typing import Any

from .evaluation import is_evaluated
from .job_types import JobType, Value

SCENE = "SCENE"
"""Identifier of the choice "as the scene has it"."""

EXTENSIONS = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "OPEN_EXR": ".exr",
    "OPEN_EXR_MULTILAYER": ".exr",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "BMP": ".bmp",
    "TARGA": ".tga",
    "DPX": ".dpx",
    "HDR": ".hdr",
}
"""{format of Blender: extension that it gives to files}."""

FORMATS = [
    (SCENE, "As in the Scene", "The format of the scene's output properties"),
    *((name, name.replace("_", " ").title() if "_" in name else name, "") for name in EXTENSIONS),
]
"""Formats as choices of a Blender property."""


def overrides(job_type: JobType, file_format: str, fps: float) -> dict[str, Value]:
    """Values in place of what a job type reads from the scene, and does not let the artist type."""
    wanted: dict[str, Any] = {}
    if file_format != SCENE:
        wanted = {"format": file_format, "image_file_extension": EXTENSIONS[file_format]}
    if fps:
        wanted["fps"] = fps
    settings = {one.key: one for one in job_type.settings}
    return {key: value for key, value in wanted.items() if _is_read(settings.get(key))}


def overridden(
    job_type: JobType, settings: object, values: Mapping[str, Value], written: Mapping[str, Value]
) -> dict[str, Value]:
    """`values` for a job with those of `overrides`; `settings` tells which of them are linked.

    A colour depth of the scene goes with its format: beside another one it is left out.
    """
    changed = {**values, **written}
    depth = job_type.setting("color_depth")
    is_other = changed.get("format") != values.get("format")
    if depth is not None and is_other and is_evaluated(depth, settings):
        del changed[depth.key]
    return changed


def _is_read(setting: Any) -> bool:
    return setting is not None and bool(setting.eval) and not setting.shown
