# SPDX-License-Identifier: GPL-3.0-or-later
"""Room that the frames of a job need on a disk, at the most."""

import re
from typing import Any

_PART = re.compile(r"\s*(-?\d+)(?:\s*(?:-|\.\.)\s*(-?\d+)(?:x(\d+))?)?\s*")
_CHANNELS = {"BW": 1, "RGB": 3, "RGBA": 4}


def frame_count(frames: str) -> int:
    """Number of frames in a range such as `1-10, 15, 20..30, 40-60x5`; 0 for what is none."""
    count = 0
    for part in frames.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return 0
        first = int(match[1])
        last, step = int(match[2] or first), int(match[3] or 1)
        count += max(last - first, 0) // max(step, 1) + 1
    return count


def most_bytes(frames: str, render: Any) -> int:
    """Bytes of these frames if nothing of them could be compressed.

    `render` has Blender's settings of a scene.
    """
    image, part = render.image_settings, render.resolution_percentage / 100
    pixels = int(render.resolution_x * part) * int(render.resolution_y * part)
    channels = _CHANNELS.get(image.color_mode, 4)
    return frame_count(frames) * pixels * channels * max(int(image.color_depth) // 8, 1)
