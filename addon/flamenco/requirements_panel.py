# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of what a job needs of Workers, and of the Manager."""

import bpy

_NEEDS = (
    "flamenco_needs_memory",
    "flamenco_needs_gpu",
    "flamenco_needs_gpu_memory",
    "flamenco_needs_software",
    "flamenco_keep",
)


class FLAMENCO_PT_requirements(bpy.types.Panel):
    """Panel of the requirements of a job."""

    bl_label = "Requirements"
    bl_parent_id = "FLAMENCO_PT_job_submission"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        """Called by Blender at every redraw."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        column = self.layout.column()
        for name in _NEEDS:
            column.prop(context.scene, name)


classes = (FLAMENCO_PT_requirements,)
