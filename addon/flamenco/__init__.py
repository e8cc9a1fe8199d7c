# SPDX-License-Identifier: GPL-3.0-or-later
"""Flamenco's Blender add-on, which sends the open file as a job to a Flamenco Manager.

Nothing here imports ``bpy`` before `register` is called, so the modules that don't need Blender
can be imported, and tested, without it.
"""

bl_info = {
    "name": "Flamenco",
    "author": "Flamenco developers",
    "version": (4, 0, 0),
    "blender": (3, 1, 0),
    "description": "Sends the open file as a job to a Flamenco render farm",
    "location": "Output Properties > Flamenco",
    "category": "System",
    "support": "COMMUNITY",
}


def register() -> None:
    """Called by Blender when the add-on is enabled."""
    from . import registration

    registration.register()


def unregister() -> None:
    """Called by Blender when the add-on is disabled."""
    from . import registration

    registration.unregister()
