# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel *My Jobs*, below the one that sends them."""

import bpy

from . import drawing, my_jobs
from .client import JobState
from .job_news import local_time
from .my_jobs import MyJob

MOST_WARNINGS = 5
_PICTURE_SCALE = 8.0

_ICONS = {
    "active": "PLAY",
    "canceled": "X",
    "completed": "CHECKMARK",
    "failed": "ERROR",
    "paused": "PAUSE",
}
_BUTTONS = (
    ("flamenco.pause_job", {"active", "queued"}),
    ("flamenco.cancel_job", {"active", "failed", "paused", "pause-requested", "queued"}),
    ("flamenco.requeue_job", {"canceled", "completed", "failed", "paused"}),
)
"""Operators, with the statuses in which the Manager grants what they ask for."""


class FLAMENCO_PT_my_jobs(bpy.types.Panel):
    """Panel of the jobs that were sent from this Blender."""

    bl_label = "My Jobs"
    bl_parent_id = "FLAMENCO_PT_job_submission"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """True if there are any."""
        return bool(my_jobs.jobs())

    def draw(self, _context: bpy.types.Context) -> None:
        """Called by Blender at every redraw."""
        column = self.layout.column(align=True)
        for job in my_jobs.jobs():
            _draw_row(column, job)
            if my_jobs.is_shown(job):
                _draw_details(column.box(), job)


def _draw_row(layout: bpy.types.UILayout, job: MyJob) -> None:
    row = layout.split(factor=0.7, align=True)
    icon = "SORTTIME" if job.state.approvals else _ICONS.get(job.state.status, "TIME")
    button = row.operator("flamenco.show_job", text=job.job.name, icon=icon)
    button.job_id = job.job.id
    row.label(text=_progress(job.state))


def _progress(state: JobState) -> str:
    if state.is_finished or not state.total:
        return state.status
    return f"{state.status}, {state.done} / {state.total}"


def _draw_details(box: bpy.types.UILayout, job: MyJob) -> None:
    state = job.state
    has_failed = state.status == "failed"
    text = f'Job "{job.job.name}": {_progress(state)}'
    drawing.draw_text(box, text, "ERROR" if has_failed else "INFO")
    if trouble := my_jobs.trouble(job):
        drawing.draw_text(box, trouble, "UNLINKED")
    if has_failed:
        drawing.draw_text(box, state.activity, "BLANK1")
    if state.approvals:
        drawing.draw_text(box, "It waits for approval, on its page", "SORTTIME")
    if until := local_time(state.likely):
        drawing.draw_text(box, f"Likely to be done at {until}", "TIME")
    if icon := my_jobs.icon_of(job):
        box.template_icon(icon_value=icon, scale=_PICTURE_SCALE)
    for warning in state.warnings[:MOST_WARNINGS]:
        drawing.draw_text(box, warning, "ERROR")
    if len(state.warnings) > MOST_WARNINGS:
        more = len(state.warnings) - MOST_WARNINGS
        drawing.draw_text(box, f"and {more} more, see the web page", "BLANK1")
    row = box.row(align=True)
    for operator, statuses in _BUTTONS:
        if state.status in statuses:
            row.operator(operator).job_id = job.job.id
    row.operator("flamenco.open_job", icon="URL").job_id = job.job.id


classes = (FLAMENCO_PT_my_jobs,)
