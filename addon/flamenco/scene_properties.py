# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of scenes and the window manager for the add-on (reference add-on §4)."""

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from . import choices, job_properties, manager, my_jobs, settings_group, type_changes
from .errors import FlamencoError, JobTypeChanged, NotReady
from .job import NO_TAG
from .job_types import JobType, parse_job_type

_log = logging.getLogger(__name__)

_NO_JOB_TYPE = "-"
_Items = list[tuple[str, str, str, int]]

# Blender keeps pointers to the texts of dynamic choices, so these lists must stay alive.
_job_type_choices: list[_Items] = [[(_NO_JOB_TYPE, "Select a Job Type", "", 0)]]
_worker_tag_choices: list[_Items] = [[(NO_TAG, "All", "Any Worker may take tasks of the job", 0)]]

STATUSES = (
    "IDLE",
    "SAVING",
    "INVESTIGATING",
    "REWRITING",
    "TRANSFERRING",
    "COMMUNICATING",
    "DONE",
    "ABORTING",
    "ABORTED",
)


def _job_types(_scene: bpy.types.Scene, _context: bpy.types.Context) -> _Items:
    info = manager.info()
    found = info.job_types if info else ()
    texts = ((one.name, one.title, one.error or one.description) for one in found)
    return _offer(_job_type_choices, texts)


def _worker_tags(_scene: bpy.types.Scene, _context: bpy.types.Context) -> _Items:
    info = manager.info()
    found = info.worker_tags if info else ()
    return _offer(_worker_tag_choices, ((tag.id, tag.name, tag.description) for tag in found))


def _offer(given: list[_Items], texts: Iterable[tuple[str, str, str]]) -> _Items:
    """The choices for these texts, in a new list only if they differ from the last ones."""
    items = [given[0][0], *((*text, choices.number(text[0])) for text in texts)]
    if items != given[-1]:
        given.append(items)
    return given[-1]


def _job_type_chosen(scene: bpy.types.Scene, context: bpy.types.Context) -> None:
    try:
        _use_job_type_of(scene)
        _remember_job_type(scene)
        if context.scene == scene:
            settings_group.assign_empty(context)
    except FlamencoError as ex:
        _log.warning(str(ex))


def _use_job_type_of(scene: bpy.types.Scene) -> None:
    """Use the settings of the scene's job type. Raises NotReady."""
    info = manager.info()
    settings_group.use(info.job_type(scene.flamenco_job_type) if info else None)


def _remember_job_type(scene: bpy.types.Scene) -> None:
    """Keep the description of its job type with a scene, whose settings are made for that."""
    if _known_job_type(scene) is None:
        settings_group.read_places(scene)
    info = manager.info()
    known = info.described(scene.flamenco_job_type) if info else None
    scene.flamenco_job_type_known = json.dumps(known) if known else ""


def _known_job_type(scene: bpy.types.Scene) -> JobType | None:
    try:
        return parse_job_type(json.loads(scene.flamenco_job_type_known))
    except (KeyError, TypeError, ValueError):
        return None


def notice_changes(scene: bpy.types.Scene) -> None:
    """Let the settings of a scene follow its job type.

    Raises JobTypeChanged, once, if it is another one than that which the settings were made for.
    A script has nobody who looks at the settings and saves the file, so it goes on with a warning,
    unless a value is no longer possible or only the artist can give one.
    """
    now, known = settings_group.job_type(), _known_job_type(scene)
    if now is None or now.name != scene.flamenco_job_type:
        return
    _remember_job_type(scene)
    if known is None or known.name != now.name or known.etag == now.etag:
        return
    lost, found = settings_group.keep_what_fits(scene, known), type_changes.changes(known, now)
    if not found:
        return
    changed = JobTypeChanged(now.label, found)
    if not bpy.app.background or lost or type_changes.asks(known, now):
        raise changed
    _log.warning(str(changed))


def follow_manager() -> list[str]:
    """Take over what the Manager offers after a refresh; returns warnings for the user.

    A job type that is gone is no longer chosen. A worker tag that is gone stays so, since a scene
    without one uses all Workers; its job is refused.
    """
    warnings = []
    for scene in bpy.data.scenes:
        if not scene.flamenco_job_type:
            scene.property_unset("flamenco_job_type")
            warnings.append(f'The Manager does not know the job type of scene "{scene.name}"')
        if not scene.flamenco_worker_tag:
            warnings.append(f'The Manager does not know the worker tag of scene "{scene.name}"')
    try:
        _use_job_type_of(bpy.context.scene)
        notice_changes(bpy.context.scene)
    except FlamencoError as ex:
        warnings.append(str(ex))
    return warnings


def use_offered(scene: bpy.types.Scene) -> None:
    """Take over what the Manager offers for a job of this scene.

    Raises JobTypeChanged and NotReady if the artist has to look at its choices first.
    """
    _use_job_type_of(scene)
    notice_changes(scene)
    if not scene.flamenco_worker_tag:
        raise NotReady(
            f'The worker tag of scene "{scene.name}" is gone at the Manager. Choose another one, '
            "or All, and submit again"
        )


def default_job_name() -> str:
    """The name of the open file, without its suffix."""
    return Path(bpy.data.filepath).stem


@bpy.app.handlers.persistent
def _file_loaded(*_: object) -> None:
    manager.load_cache()
    bpy.context.window_manager.flamenco_bat_status = "IDLE"
    _fill_job_names()
    try:
        _use_job_type_of(bpy.context.scene)
    except FlamencoError as ex:
        _log.warning(str(ex))


@bpy.app.handlers.persistent
def _before_save(*_: object) -> None:
    """Forget job names made from the file's name, so that a copy gets one from its own name."""
    for scene in bpy.data.scenes:
        if scene.flamenco_job_name == default_job_name():
            scene.flamenco_job_name = ""


@bpy.app.handlers.persistent
def _fill_job_names(*_: object) -> None:
    for scene in bpy.data.scenes:
        if not scene.flamenco_job_name:
            scene.flamenco_job_name = default_job_name()


def _after_registration() -> None:
    """Called by a timer, since add-ons must not access scenes while Blender registers them."""
    _file_loaded()


_HANDLERS = (
    ("load_post", _file_loaded),
    ("save_pre", _before_save),
    ("save_post", _fill_job_names),
)


_HIDDEN = {"HIDDEN"}
"""Properties are neither animated nor overridden, nor shown by other editors."""


def _scene_properties() -> dict[str, Any]:
    props = bpy.props
    return {
        **job_properties.properties(),
        "flamenco_job_name": props.StringProperty(
            name="Job Name", options=_HIDDEN, description="Name of the job on the farm"
        ),
        "flamenco_job_priority": props.IntProperty(
            name="Priority",
            options=_HIDDEN,
            description="Jobs with a higher number go first",
            default=50,
            min=0,
            max=100,
        ),
        "flamenco_job_submit_as_paused": props.BoolProperty(
            name="Submit as Paused",
            options=_HIDDEN,
            description="The job waits until someone starts it",
        ),
        "flamenco_job_type": props.EnumProperty(
            name="Job Type", options=_HIDDEN, items=_job_types, update=_job_type_chosen
        ),
        "flamenco_worker_tag": props.EnumProperty(
            name="Worker Tag",
            options=_HIDDEN,
            description="Only use Workers with this tag",
            items=_worker_tags,
        ),
        "flamenco_job_type_known": props.StringProperty(
            name="Known Job Type",
            options=_HIDDEN,
            description="The job type that the settings were made for",
        ),
    }


def _window_manager_properties() -> dict[str, Any]:
    props = bpy.props
    return {
        "flamenco_bat_status": props.EnumProperty(
            name="Status", options=_HIDDEN, items=[(one, one.title(), "") for one in STATUSES]
        ),
        "flamenco_bat_status_txt": props.StringProperty(name="Status", options=_HIDDEN),
        "flamenco_bat_progress": props.IntProperty(
            name="Progress", options=_HIDDEN, subtype="PERCENTAGE", min=0, max=100
        ),
        "flamenco_can_abort": props.BoolProperty(name="Can Abort", options=_HIDDEN),
        "flamenco_version_mismatch": props.BoolProperty(name="Version Mismatch", options=_HIDDEN),
        "flamenco_sign_in_code": props.StringProperty(name="Code", options=_HIDDEN),
        "flamenco_status_ping": props.StringProperty(name="Manager", options=_HIDDEN),
    }


def register() -> None:
    """Add the properties and follow the opening and saving of files."""
    for name, prop in _scene_properties().items():
        setattr(bpy.types.Scene, name, prop)
    for name, prop in _window_manager_properties().items():
        setattr(bpy.types.WindowManager, name, prop)
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)
    manager.load_cache()
    my_jobs.load()
    bpy.app.timers.register(_after_registration, first_interval=0)


def unregister() -> None:
    """Undo `register`."""
    if bpy.app.timers.is_registered(_after_registration):
        bpy.app.timers.unregister(_after_registration)
    my_jobs.forget()
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
    settings_group.use(None)
    for name in _window_manager_properties():
        delattr(bpy.types.WindowManager, name)
    for name in _scene_properties():
        delattr(bpy.types.Scene, name)
