# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of scenes for what is asked of a job beside the settings of its type."""

from collections.abc import Mapping
from typing import Any

import bpy

from . import frame_ranges, output_overrides, requirements, targets
from .errors import NotReady
from .job_types import JobType, Value

FRAMES = "frames"
"""Key of the setting, in most job types, that can follow markers or the selection."""

_HIDDEN = {"HIDDEN"}
_LONGEST_COMMENT, _MOST_GIB = 1000, 65536
_MOST_STEP, _MOST_FPS = 100_000, 1000


def properties() -> dict[str, Any]:
    """The properties by their names."""
    props = bpy.props
    return {
        "flamenco_comment": props.StringProperty(
            name="Comment",
            options=_HIDDEN,
            description="Told with the job on the Manager's page",
            maxlen=_LONGEST_COMMENT,
        ),
        "flamenco_frames_from": props.EnumProperty(
            name="Frames From",
            options=_HIDDEN,
            description="What the frames follow",
            items=frame_ranges.SOURCES,
        ),
        "flamenco_jobs": props.EnumProperty(
            name="Render",
            options=_HIDDEN,
            description="What of the file is rendered",
            items=targets.WAYS,
        ),
        "flamenco_jobs_as": props.EnumProperty(
            name="Jobs",
            options=_HIDDEN,
            description="Jobs that are made of scenes or view layers",
            items=targets.JOBS,
        ),
        "flamenco_is_sent": props.BoolProperty(
            name="Send",
            options=_HIDDEN,
            description="Render this scene, where each is ticked",
            default=True,
        ),
        "flamenco_format": props.EnumProperty(
            name="Format",
            options=_HIDDEN,
            description="Format of the frames; the scene keeps its own",
            items=output_overrides.FORMATS,
        ),
        "flamenco_frame_step": props.IntProperty(
            name="Frame Step",
            options=_HIDDEN,
            description="Distance of the frames, where they are linked; 0 for the scene's step",
            min=0,
            max=_MOST_STEP,
        ),
        "flamenco_fps": props.FloatProperty(
            name="Frame Rate",
            options=_HIDDEN,
            description="Frames in a second of the video; 0 for the scene's frame rate",
            min=0,
            max=_MOST_FPS,
        ),
        "flamenco_keep": props.BoolProperty(
            name="Keep from the Clean-up",
            options=_HIDDEN,
            description="The Manager's automatic clean-up leaves the job",
        ),
        "flamenco_needs_memory": props.FloatProperty(
            name="Memory (GiB)",
            options=_HIDDEN,
            description="Minimum memory of a Worker; 0 for any",
            min=0,
            max=_MOST_GIB,
        ),
        "flamenco_needs_gpu": props.EnumProperty(
            name="GPU",
            options=_HIDDEN,
            description="Graphics card that a Worker must have",
            items=requirements.GPU_KINDS,
        ),
        "flamenco_needs_gpu_memory": props.FloatProperty(
            name="GPU Memory (GiB)",
            options=_HIDDEN,
            description="Minimum memory of a graphics card; 0 for any",
            min=0,
            max=_MOST_GIB,
        ),
        "flamenco_needs_software": props.StringProperty(
            name="Software",
            options=_HIDDEN,
            description="Programs that a Worker must have, such as: blender >=4.2, <5; ffmpeg",
            maxlen=_LONGEST_COMMENT,
        ),
    }


def needed(scene: bpy.types.Scene) -> dict[str, Any]:
    """The requirements of a scene's job. Raises NotReady."""
    return requirements.of(
        scene.flamenco_needs_memory,
        scene.flamenco_needs_gpu,
        scene.flamenco_needs_gpu_memory,
        scene.flamenco_needs_software,
    )


def follows(scene: bpy.types.Scene, job_type: JobType) -> bool:
    """True if the frames are to follow something, instead of being typed."""
    setting = job_type.setting(FRAMES)
    if setting is None or setting.type != "string" or not setting.link_button:
        return False
    return bool(getattr(scene.flamenco_job_settings, setting.autoeval_key))


def followed_frames(
    scene: bpy.types.Scene, job_type: JobType, rendered: bpy.types.Scene
) -> dict[str, Value]:
    """The frames of the scene that is `rendered`, if they are not its own. Raises NotReady."""
    source, step = scene.flamenco_frames_from, scene.flamenco_frame_step
    if (source == frame_ranges.SCENE and not step) or not follows(scene, job_type):
        return {}
    selected = bpy.context.view_layer.objects.selected
    return {FRAMES: frame_ranges.followed(source, rendered, selected, step)}


def overridden(
    scene: bpy.types.Scene,
    job_type: JobType,
    values: Mapping[str, Value],
    rendered: bpy.types.Scene,
) -> dict[str, Value]:
    """`values` of settings, with others in place of those read from the scene that is `rendered`.

    Raises NotReady.
    """
    settings = scene.flamenco_job_settings
    written = output_overrides.overrides(job_type, scene.flamenco_format, scene.flamenco_fps)
    changed = output_overrides.overridden(job_type, settings, values, written)
    return {**changed, **followed_frames(scene, job_type, rendered)}


def told_frames(scene: bpy.types.Scene, job_type: JobType) -> str:
    """The frames that are followed, or why there are none, for the panel."""
    try:
        return str(followed_frames(scene, job_type, scene).get(FRAMES, ""))
    except NotReady as ex:
        return str(ex)
