# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in the Properties editor's Output tab (reference add-on §5)."""

import bpy

from . import drawing, job_properties, manager, outputs, settings_group, sign_in_operators
from .job_types import Setting
from .operators import can_submit

_PATH_SUBTYPES = frozenset({"dir_path", "file_path", "hashed_file_path"})


class FLAMENCO_PT_job_submission(bpy.types.Panel):
    """Panel from which an artist sends a job to the farm."""

    bl_label = "Flamenco"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"

    def draw(self, context: bpy.types.Context) -> None:
        """Called by Blender at every redraw."""
        layout, scene = self.layout, context.scene
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        if manager.preferences().managers:
            column.prop(manager.preferences(), "manager")
        column.prop(scene, "flamenco_job_name")
        column.prop(scene, "flamenco_comment")
        column.prop(scene, "flamenco_job_priority")
        column.prop(scene, "flamenco_job_submit_as_paused")
        layout.operator("flamenco.ping_manager", icon="FILE_REFRESH")
        if not manager.lets_in():
            sign_in_operators.draw(layout, context.window_manager)
        if manager.info() is not None:
            column = layout.column()
            column.prop(scene, "flamenco_worker_tag")
            column.prop(scene, "flamenco_job_type")
            _draw_settings(layout, scene)
        layout.separator()
        _draw_status(layout, context.window_manager)


def _draw_settings(layout: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    job_type = settings_group.job_type()
    if job_type is None:
        return
    if job_type.name != scene.flamenco_job_type:
        layout.label(text="Refresh from Manager to see this scene's job settings", icon="INFO")
        return
    if job_type.error:
        layout.label(text=f"This job type is broken: {job_type.error}", icon="ERROR")
        return
    column = layout.column()
    for setting in job_type.settings:
        if setting.shown:
            _draw_setting(column.row(align=True), setting, scene.flamenco_job_settings)


def _draw_setting(
    row: bpy.types.UILayout, setting: Setting, values: bpy.types.PropertyGroup
) -> None:
    if setting.link_button and getattr(values, setting.autoeval_key):
        _draw_linked(row, setting, values)
        return
    field = row.row(align=True)
    field.enabled = setting.editable
    field.prop(values, setting.key)
    if setting.eval and setting.editable:
        button = row.operator("flamenco.eval_setting", text="", icon="SCRIPTPLUGINS")
        button.setting_key = setting.key
        button.setting_eval_description = setting.eval_description
    if setting.link_button:
        row.prop(values, setting.autoeval_key, text="", icon="UNLINKED", toggle=True)
    if setting.type == "string" and setting.subtype in _PATH_SUBTYPES:
        button = row.operator("flamenco3.explore_file_path", text="", icon="WINDOW")
        button.path = getattr(values, setting.key)


def _draw_linked(
    row: bpy.types.UILayout, setting: Setting, values: bpy.types.PropertyGroup
) -> None:
    split = row.split(factor=0.4, align=True)
    label = split.row()
    label.alignment = "RIGHT"
    label.label(text=setting.title)
    value = split.row(align=True)
    job_type = settings_group.job_type()
    if setting.key == job_properties.FRAMES and job_type is not None:
        value.prop(bpy.context.scene, "flamenco_frames_from", text="")
        value.label(text=job_properties.told_frames(bpy.context.scene, job_type))
    else:
        value.label(text=setting.eval_description)
    value.prop(values, setting.autoeval_key, text="", icon="LINKED", toggle=True)


def _draw_status(layout: bpy.types.UILayout, wm: bpy.types.WindowManager) -> None:
    if not can_submit(bpy.context):
        row = layout.row(align=True)
        if wm.flamenco_bat_status == "TRANSFERRING":
            row.prop(wm, "flamenco_bat_progress", text=wm.flamenco_bat_status_txt, slider=True)
        else:
            row.label(text=wm.flamenco_bat_status_txt)
        row.operator("flamenco.abort", text="", icon="CANCEL")
        return
    for sentence in outputs.outside_of_farm(bpy.context.scene, [bpy.context.scene]):
        drawing.draw_text(layout, sentence, "ERROR")
    column = layout.column(align=True)
    column.operator("flamenco.submit_job", icon="RENDER_ANIMATION")
    if wm.flamenco_version_mismatch:
        force = column.operator("flamenco.submit_job", text="Force Submit", icon="ERROR")
        force.ignore_version_mismatch = True


classes = (FLAMENCO_PT_job_submission,)
