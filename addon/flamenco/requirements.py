# SPDX-License-Identifier: GPL-3.0-or-later
"""Needs of a job from Workers, as typed by the artist and as the Manager takes them."""

import re
from typing import Any

from .errors import NotReady

MIB = 1024
"""Mebibytes in a gibibyte."""

NO_GPU = "NONE"

GPU_KINDS = [
    (NO_GPU, "None", "Workers without a graphics card will do"),
    ("any", "Any", "A graphics card of any kind"),
    ("cuda", "CUDA", ""),
    ("optix", "OptiX", ""),
    ("hip", "HIP", ""),
    ("oneapi", "oneAPI", ""),
    ("metal", "Metal", ""),
]
"""Kinds of graphics cards, as choices of a Blender property."""

_PROGRAM = re.compile(r"([\w.+-]*\w)\s*((?:[<>=!~]=?\s*[\w.*]+\s*,?\s*)*)")


def software(text: str) -> list[dict[str, str]]:
    """Programs and versions in a text such as `blender >=4.2, <5; ffmpeg`. Raises NotReady."""
    found = []
    for part in filter(None, map(str.strip, text.split(";"))):
        match = _PROGRAM.fullmatch(part)
        if match is None:
            raise NotReady(
                f'"{part}" is no program with a version. Required software is typed as '
                '"blender >=4.2, <5; ffmpeg"'
            )
        found.append({"name": match[1], "version": "".join(match[2].split()).rstrip(",")})
    return found


def of(memory_gib: float, gpu_kind: str, gpu_memory_gib: float, programs: str) -> dict[str, Any]:
    """The requirements as the API has them, only those that there are. Raises NotReady."""
    needed = {
        "memory_mib": round(memory_gib * MIB),
        "gpu_kind": "" if gpu_kind == NO_GPU else gpu_kind,
        "gpu_memory_mib": round(gpu_memory_gib * MIB),
        "software": software(programs),
    }
    return {name: value for name, value in needed.items() if value}
