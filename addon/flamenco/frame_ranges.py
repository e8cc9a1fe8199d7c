# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of a job that follow something else than the scene's own range."""

from collections.abc import Iterable, Iterator
from typing import Any

from .errors import NotReady

SCENE, MARKERS, SELECTION = "SCENE", "MARKERS", "SELECTION"
SOURCES = [
    (SCENE, "Scene", "The scene's frame range"),
    (MARKERS, "Markers", "From the first marker to the last"),
    (SELECTION, "Selection", "From the first selected marker or keyframe to the last"),
]
"""Sources of the frames, as choices of a Blender property."""


def followed(source: str, scene: Any, objects: Iterable[Any], step: int = 0) -> str:
    """The frames from the first that `source` names to the last, with this step or the scene's.

    `objects` are the selected ones, whose selected keyframes count. Raises NotReady if there are
    no such frames.
    """
    found = (
        [scene.frame_start, scene.frame_end] if source == SCENE else _found(source, scene, objects)
    )
    if not found:
        missing = "markers" if source == MARKERS else "selected markers or keyframes"
        raise NotReady(f"The frames follow {missing}, and there are none")
    step = step or scene.frame_step
    return f"{min(found)}-{max(found)}" + (f"x{step}" if step > 1 else "")


def _found(source: str, scene: Any, objects: Iterable[Any]) -> list[int]:
    markers = [one for one in scene.timeline_markers if source == MARKERS or one.select]
    found = [one.frame for one in markers]
    if source == SELECTION:
        found += [round(frame) for one in objects for frame in _selected_keys(one)]
    return found


def _selected_keys(one: Any) -> Iterator[float]:
    animation = one.animation_data
    action = animation.action if animation else None
    for curve in _curves(action) if action else ():
        yield from (key.co[0] for key in curve.keyframe_points if key.select_control_point)


def _curves(action: Any) -> Iterator[Any]:
    if hasattr(action, "fcurves"):
        yield from action.fcurves
        return
    for layer in action.layers:  # since Blender 5.0
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves
