# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels of what is asked of a job beside the settings of its type."""

from collections.abc import Iterable

import bpy

from . import targets

_OUTPUT = ("flamenco_format", "flamenco_frame_step", "flamenco_fps")
_NEEDS = (
    "flamenco_needs_memory",
    "flamenco_needs_gpu",
    "flamenco_needs_gpu_memory",
    "flamenco_needs_software",
    "flamenco_keep",
)


def _draw(layout: bpy.types.UILayout, scene: bpy.types.Scene, names: Iterable[str]) -> None:
    layout.use_property_split = True
    layout.use_property_decorate = False
    column = layout.column()
    for name in names:
        column.prop(scene, name)


class FLAMENCO_PT_scenes(bpy.types.Panel):
    """Panel of the scenes and view layers that become jobs."""

    bl_label = "Scenes"
    bl_parent_id = "FLAMENCO_PT_job_submission"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        """Called by Blender at every redraw."""
        layout, jobs = self.layout, context.scene.flamenco_jobs
        layout.use_property_decorate = False
        layout.prop(context.scene, "flamenco_jobs", text="")
        if jobs != targets.ONE:
            layout.row().prop(context.scene, "flamenco_jobs_as", expand=True)
        column = layout.column()
        for scene in targets.own_scenes() if jobs != targets.ONE else ():
            column.prop(scene, "flamenco_is_sent", text=scene.name)
            if jobs == targets.LAYERS and scene.flamenco_is_sent:
                for layer in scene.view_layers:
                    row = column.row()
                    row.separator(factor=2)
                    row.prop(layer, "use", text=layer.name)


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
        _draw(self.layout, context.scene, _OUTPUT)


class FLAMENCO_PT_requirements(bpy.types.Panel):
    """Panel of what a job needs of Workers, and of the Manager."""

    bl_label = "Requirements"
    bl_parent_id = "FLAMENCO_PT_job_submission"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        """Called by Blender at every redraw."""
        _draw(self.layout, context.scene, _NEEDS)


classes = (FLAMENCO_PT_scenes, FLAMENCO_PT_output, FLAMENCO_PT_requirements)
