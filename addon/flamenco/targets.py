# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenes and view layers that a submission renders, each as a job of its own or all as one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from .errors import NotReady

ONE, SCENES, LAYERS = "ONE", "SCENES", "LAYERS"

WAYS = [
    (ONE, "This Scene", "One job of this scene, with the view layers that it renders"),
    (SCENES, "Scenes", "Each scene that is ticked"),
    (LAYERS, "View Layers", "Each view layer that is ticked, in these scenes"),
]
"""Parts of a file to render, as choices of a Blender property."""

EACH, TOGETHER = "EACH", "TOGETHER"
JOBS = [
    (EACH, "A Job Each", "A job of each of them"),
    (TOGETHER, "One Job", "One job of all, with a folder and a video for each of them"),
]
"""Ways to make jobs of that, as choices of a Blender property."""


@dataclass(frozen=True)
class Target:
    """A scene, or a view layer of it."""

    scene: bpy.types.Scene
    layer: str = ""
    """Name of the only view layer; empty for all that the scene renders."""
    name: str = ""
    """Name by which it is told from the others; empty for the only one."""


class SceneContext:
    """Blender's context, with another scene."""

    def __init__(self, scene: bpy.types.Scene) -> None:
        self.scene = scene
        self.view_layer = scene.view_layers[0]

    def __getattr__(self, name: str) -> Any:
        """The context's own, for all the rest."""
        return getattr(bpy.context, name)


def own_scenes() -> list[bpy.types.Scene]:
    """The scenes of the open file, without those of libraries."""
    return [scene for scene in bpy.data.scenes if scene.library is None]


def chosen(scene: bpy.types.Scene) -> list[Target]:
    """The targets of a submission from this scene. Raises NotReady if nothing is ticked."""
    if scene.flamenco_jobs == ONE:
        return [Target(scene)]
    found = list(_ticked(scene.flamenco_jobs == LAYERS))
    if not found:
        raise NotReady("Nothing would be rendered; tick a scene, or a view layer, under Scenes")
    return found


def _ticked(by_layer: bool) -> Iterator[Target]:
    for scene in own_scenes():
        if scene.flamenco_is_sent and by_layer:
            for layer in scene.view_layers:
                if layer.use:
                    yield Target(scene, layer.name, f"{scene.name} {layer.name}")
        elif scene.flamenco_is_sent:
            yield Target(scene, name=scene.name)
