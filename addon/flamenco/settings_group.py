# SPDX-License-Identifier: GPL-3.0-or-later
"""The property group ``scene.flamenco_job_settings``, recreated for each chosen job type."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from . import evaluation, job_types, type_changes
from .errors import NotReady, SettingError
from .job_types import JobType, Setting, Value

_log = logging.getLogger(__name__)

_group: type | None = None
_job_type: JobType | None = None
_reported: dict[str, str] = {}
"""{setting: its last error}, since read-only settings are evaluated at every redraw."""


def job_type() -> JobType | None:
    """The job type that the property group was made for."""
    return _job_type


def use(new: JobType | None) -> None:
    """Let ``scene.flamenco_job_settings`` have the settings of this job type; None: remove it.

    Raises NotReady if Blender cannot make properties from the settings.
    """
    global _group, _job_type
    if new == _job_type:
        return
    _remove()
    if new is None:
        return
    for warning in job_types.warnings(new):
        _log.warning(warning)
    try:
        group = _make_class(new)
        bpy.utils.register_class(group)
    except (RuntimeError, TypeError, ValueError) as ex:
        raise NotReady(
            f'Job type "{new.label}" has settings that Blender cannot show ({ex}). Ask the author '
            "of the job type to correct them"
        ) from ex
    bpy.types.Scene.flamenco_job_settings = bpy.props.PointerProperty(
        type=group, name="Flamenco job settings", options={"HIDDEN"}
    )
    _group, _job_type = group, new


def _remove() -> None:
    global _group, _job_type  # noqa: PLW0603
    if _group is not None:
        del bpy.types.Scene.flamenco_job_settings
        bpy.utils.unregister_class(_group)
    _group = _job_type = None
    _reported.clear()


def _make_class(new: JobType) -> type:
    annotations = {}
    for setting in new.settings:
        annotations[setting.key] = _make_property(setting)
        if setting.link_button:
            annotations[setting.autoeval_key] = bpy.props.BoolProperty(
                name="Evaluate at submission",
                description=setting.eval_description,
                default=True,
                options={"HIDDEN"},
            )
    name = job_types.class_name(new.name)
    if hasattr(bpy.types, name):
        name = f"Flamenco{name}"
    return type(name, (bpy.types.PropertyGroup,), {"__annotations__": annotations})


def _make_property(setting: Setting) -> object:
    spec = job_types.property_spec(setting)
    arguments = spec.arguments
    if arguments.get("subtype") in {"FILE_PATH", "DIR_PATH"} and bpy.app.version >= (4, 5, 0):
        arguments = {**arguments, "options": {"HIDDEN", "PATH_SUPPORTS_BLEND_RELATIVE"}}
    if not setting.editable and spec.function != "EnumProperty":
        arguments = {**arguments, "get": _getter(setting)}
    return getattr(bpy.props, spec.function)(**arguments)


def _getter(setting: Setting) -> Callable[[bpy.types.PropertyGroup], Value]:
    fallback = setting.initial()

    def get(_group: bpy.types.PropertyGroup) -> Value:
        if not setting.eval:
            return fallback
        try:
            return evaluation.evaluate(setting, names(bpy.context))
        except SettingError as ex:
            if _reported.get(setting.key) != str(ex):
                _reported[setting.key] = str(ex)
                _log.warning(str(ex))
            return fallback

    return get


def names(context: bpy.types.Context, job_name: str = "") -> dict[str, Any]:
    """The names that expressions of settings can use; the default job name is the scene's.

    The settings are those of the scene that Blender shows, whichever one `context` has.
    """
    scene = bpy.context.scene
    return {
        "bpy": bpy,
        **evaluation.namespace(
            context=context,
            settings=scene.flamenco_job_settings,
            job_name=job_name or scene.flamenco_job_name,
            blendfile=Path(bpy.data.filepath),
            abspath=lambda path: os.path.normpath(bpy.path.abspath(path)),
        ),
    }


def assign(context: bpy.types.Context, setting: Setting) -> None:
    """Set one setting to the value of its expression. Raises SettingError."""
    value = evaluation.evaluate(setting, names(context))
    try:
        setattr(context.scene.flamenco_job_settings, setting.key, value)
    except (TypeError, ValueError) as ex:
        raise SettingError(setting.key, setting.eval, f"a value Blender refuses: {ex}") from ex


def assign_empty(context: bpy.types.Context) -> None:
    """Evaluate the shown settings that have no value yet. Raises SettingError."""
    if _job_type is None:
        return
    for setting in _job_type.settings:
        values = context.scene.flamenco_job_settings
        if setting.shown and setting.editable and setting.eval and not getattr(values, setting.key):
            assign(context, setting)


def keep_what_fits(scene: bpy.types.Scene, before: JobType) -> list[str]:
    """Give settings their defaults whose values, of the type `before`, are no longer possible.

    Returns the names of those settings in the panel.
    """
    lost = []
    values = scene.flamenco_job_settings
    for setting in _job_type.settings if _job_type else ():
        old = before.setting(setting.key)
        if not setting.editable or old is None:
            continue
        if not type_changes.still_fits(getattr(values, setting.key), old, setting):
            values.property_unset(setting.key)
            lost.append(setting.title)
    return lost


def read_places(scene: bpy.types.Scene) -> None:
    """Take choices that a file from an earlier add-on has, which stored their places in the list.

    What is none of the choices becomes the default, with a warning in the terminal.
    """
    values = getattr(scene, "flamenco_job_settings", None)
    for setting in _job_type.settings if _job_type and values else ():
        if not setting.choices or getattr(values, setting.key):
            continue
        chosen = setting.choice_at(_stored(values).get(setting.key))
        if chosen is None:
            values.property_unset(setting.key)
            _log.warning('"%s" has none of its choices; it gets its default', setting.title)
        else:
            setattr(values, setting.key, chosen)


def _stored(values: bpy.types.PropertyGroup) -> Mapping[str, object]:
    """The values of properties in a file, choices as numbers."""
    since_5_0 = getattr(values, "bl_system_properties_get", None)
    return values if since_5_0 is None else since_5_0() or {}
