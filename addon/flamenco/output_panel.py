# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of output settings that a job has for itself."""

import bpy

_PROPERTIES = ("flamenco_format", "flamenco_frame_step", "flamenco_fps")


class FLAMENCO_PT_output(bpy.types.Panel):
    """Panel of what a job writes otherwise than the scene says."""

    bl_label = "Output"
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
        for name in _PROPERTIES:
            column.prop(context.scene, name)


classes = (FLAMENCO_PT_output,)
