# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a submission, as the artist has set them."""

from dataclasses import dataclass

import bpy

from . import job_properties, manager, settings_group, several_scenes, targets
from .errors import NotReady
from .evaluation import values_for_submission
from .job import JobDraft
from .job_types import JobType
from .targets import Target

VIEW_LAYER = "view_layer"
"""Key of the setting with the only view layer that a job renders."""


@dataclass(frozen=True)
class Draft:
    """A job, and what it renders."""

    job: JobDraft
    rendered: tuple[tuple[bpy.types.Scene, str], ...]
    """Each scene, and its frames."""

    @property
    def scenes(self) -> list[bpy.types.Scene]:
        """The scenes, each once."""
        return list(dict.fromkeys(scene for scene, _ in self.rendered))


def made(job_name: str) -> list[Draft]:
    """The jobs for this scene, and those that it names beside it. Raises FlamencoError.

    `job_name` is their name, or the beginning of it; if empty, the scene's.
    """
    scene = bpy.context.scene
    job_type = settings_group.job_type()
    if job_type is None or job_type.name != scene.flamenco_job_type:
        raise NotReady(
            "The Manager does not know the chosen job type (any more). Choose another one"
        )
    name = job_name or scene.flamenco_job_name
    if not name:
        raise NotReady("The job has no name; enter one and submit again")
    chosen = targets.chosen(scene)
    if scene.flamenco_jobs_as == targets.EACH or not chosen[0].name:
        jobs = [_job(job_type, f"{name} {one.name}".strip(), one) for one in chosen]
        return [Draft(job, (_rendered(one, job),)) for one, job in zip(chosen, jobs, strict=True)]
    jobs = [_job(job_type, name, one) for one in chosen]
    whole = several_scenes.together(
        [(one.name, job) for one, job in zip(chosen, jobs, strict=True)]
    )
    return [Draft(whole, tuple(map(_rendered, chosen, jobs)))]


def _rendered(target: Target, job: JobDraft) -> tuple[bpy.types.Scene, str]:
    return target.scene, str(job.settings.get(several_scenes.FRAMES, ""))


def _job(job_type: JobType, name: str, target: Target) -> JobDraft:
    scene = bpy.context.scene
    context = targets.SceneContext(target.scene)
    values = values_for_submission(
        job_type, scene.flamenco_job_settings, settings_group.names(context, name)
    )
    settings = job_properties.overridden(scene, job_type, values, target.scene)
    if target.layer:
        if job_type.setting(VIEW_LAYER) is None:
            raise NotReady(
                f'Job type "{job_type.label}" renders no view layer by itself. Choose a job per '
                "scene instead"
            )
        settings[VIEW_LAYER] = target.layer
    return JobDraft(
        name=name,
        job_type=job_type,
        priority=scene.flamenco_job_priority,
        settings=settings,
        paused=scene.flamenco_job_submit_as_paused,
        worker_tag=scene.flamenco_worker_tag,
        platform=manager.platform(),
        user=manager.user(),
        comment=scene.flamenco_comment.strip(),
        requirements=job_properties.needed(scene),
        keep=scene.flamenco_keep,
    )
