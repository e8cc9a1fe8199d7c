# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration of the add-on's classes and properties with Blender."""

import bpy

from . import (
    job_operators,
    job_panels,
    manager_operators,
    my_jobs_panel,
    operators,
    panel,
    preferences,
    scene_properties,
    sign_in_operators,
)

_CLASSES = (
    *preferences.classes,
    *operators.classes,
    *manager_operators.classes,
    *sign_in_operators.classes,
    *job_operators.classes,
    *panel.classes,
    *job_panels.classes,
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
