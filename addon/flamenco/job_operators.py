# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators for jobs that were sent from this Blender."""

import bpy

from . import manager, my_jobs
from .background import Flow, in_background
from .errors import NotReady
from .operators import FlowOperator


def _job(job_id: str) -> my_jobs.MyJob:
    job = my_jobs.found(job_id)
    if job is None:
        raise NotReady("The job is not in the list any more")
    return job


class StatusOperator(FlowOperator):
    """An operator that asks for a status of a job."""

    status: str

    def flow(self) -> Flow[tuple[str, str]]:
        """Ask, and report that it was granted."""
        job = _job(self.job_id)
        client, known = manager.client(job.job.url), job.job.id
        yield from in_background(lambda: client.set_status(known, self.status))
        my_jobs.ask_soon(known)
        return "INFO", f'Job "{job.job.name}": {self.status}'


class FLAMENCO_OT_pause_job(StatusOperator, bpy.types.Operator):
    """Operator that pauses a job."""

    bl_idname = "flamenco.pause_job"
    bl_label = "Pause"
    bl_description = "Let the tasks that run end, and start no others"
    status = "pause-requested"

    job_id: bpy.props.StringProperty(name="Job ID")


class FLAMENCO_OT_cancel_job(StatusOperator, bpy.types.Operator):
    """Operator that cancels a job."""

    bl_idname = "flamenco.cancel_job"
    bl_label = "Cancel"
    bl_description = "Stop the job. What is rendered stays; it can be requeued"
    status = "cancel-requested"

    job_id: bpy.props.StringProperty(name="Job ID")


class FLAMENCO_OT_requeue_job(StatusOperator, bpy.types.Operator):
    """Operator that queues a job again."""

    bl_idname = "flamenco.requeue_job"
    bl_label = "Requeue"
    bl_description = "Queue what is not completed; of a completed job, everything"
    status = "requeueing"

    job_id: bpy.props.StringProperty(name="Job ID")


class FLAMENCO_OT_open_job(bpy.types.Operator):
    """Operator that opens a job in the web browser."""

    bl_idname = "flamenco.open_job"
    bl_label = "Open in Browser"
    bl_description = "Open the job on the Manager's web page"

    job_id: bpy.props.StringProperty(name="Job ID")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        job = my_jobs.found(self.job_id)
        if job is None:
            return {"CANCELLED"}
        bpy.ops.wm.url_open(url=manager.client(job.job.url).page_of(self.job_id))
        return {"FINISHED"}


class FLAMENCO_OT_show_job(bpy.types.Operator):
    """Operator that shows the details of a job, or hides them."""

    bl_idname = "flamenco.show_job"
    bl_label = "Show Job"
    bl_description = "Show or hide the details of this job"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    job_id: bpy.props.StringProperty(name="Job ID")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        my_jobs.show(self.job_id)
        return {"FINISHED"}


class FLAMENCO_OT_tell(FlowOperator, bpy.types.Operator):
    """Operator that tells news; only what a modal operator reports is shown to the artist."""

    bl_idname = "flamenco.tell"
    bl_label = "Flamenco"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    level: bpy.props.StringProperty(name="Level")
    text: bpy.props.StringProperty(name="Text")

    def flow(self) -> Flow[tuple[str, str]]:
        """Become modal, then report."""
        yield from in_background(lambda: None)
        return self.level, self.text


classes = (
    FLAMENCO_OT_pause_job,
    FLAMENCO_OT_cancel_job,
    FLAMENCO_OT_requeue_job,
    FLAMENCO_OT_open_job,
    FLAMENCO_OT_show_job,
    FLAMENCO_OT_tell,
)
