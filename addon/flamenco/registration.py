# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration of the add-on's classes and properties with Blender."""

import bpy

from . import job_operators, my_jobs_panel, operators, panel, scene_properties
from .preferences import FlamencoPreferences

_CLASSES = (
    FlamencoPreferences,
    *operators.classes,
    *job_operators.classes,
    *panel.classes,
    *my_jobs_panel.classes,
)


def register() -> None:
    """Register every class and property."""
    for one in _CLASSES:
        bpy.utils.register_class(one)
    scene_properties.register()


def unregister() -> None:
    """Undo `register`, in the reverse order."""
    scene_properties.unregister()
    for one in reversed(_CLASSES):
        bpy.utils.unregister_class(one)
