# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of job settings from Python expressions of their job type (reference add-on §5)."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

from . import expressions
from .errors import NotReady, SettingError
from .job_types import JobType, Setting, Value
from .paths import last_n_dir_parts


def namespace(
    *,
    context: object,
    settings: object,
    job_name: str,
    blendfile: Path,
    abspath: Callable[[str], str],
) -> dict[str, Any]:
    """The names that an expression can use, except for ``bpy``.

    `abspath` turns a path relative to the blend file into an absolute, normalized one.
    """

    def last_parts(count: int, filepath: PurePath | str | None = None) -> PurePath:
        return last_n_dir_parts(count, blendfile if filepath is None else Path(filepath))

    return {
        "C": context,
        "jobname": job_name,
        "Path": Path,
        "abspath": lambda path: Path(abspath(str(path))),
        "last_n_dir_parts": last_parts,
        "settings": settings,
    }


def evaluate(setting: Setting, names: Mapping[str, Any]) -> Value:
    """The value of the setting's expression, in the setting's type. Raises SettingError."""
    try:
        return setting.coerce(expressions.value_of(setting.eval, names))
    except Exception as ex:
        cause = f"{type(ex).__name__}: {ex}"
        raise SettingError(setting.key, setting.eval, cause) from ex


def values_for_submission(
    job_type: JobType, settings: object, names: Mapping[str, Any]
) -> dict[str, Value]:
    """Keys and values of all settings for the Manager.

    A setting that is not shown, or that is linked to its expression, gets the expression's value,
    else its default, else it stays as it is. `settings` has the values as attributes. Raises
    SettingError, and NotReady if a required text that is shown is empty.
    """
    values = {
        setting.key: _value_for_submission(setting, settings, names)
        for setting in job_type.settings
    }
    for setting in job_type.settings:
        if setting.required and setting.shown and values[setting.key] == "":
            raise NotReady(f'Job setting "{setting.title}" is required; fill it in and try again')
    return values


def is_evaluated(setting: Setting, settings: object) -> bool:
    """True if a job gets the value of the setting's expression, not one that the artist entered."""
    return bool(setting.eval) and (not setting.editable or _is_automatic(setting, settings))


def _is_automatic(setting: Setting, settings: object) -> bool:
    return not setting.shown or (setting.link_button and getattr(settings, setting.autoeval_key))


def _value_for_submission(setting: Setting, settings: object, names: Mapping[str, Any]) -> Value:
    if is_evaluated(setting, settings):
        return evaluate(setting, names)
    if _is_automatic(setting, settings) and setting.default is not None:
        return setting.coerce(setting.default)
    return getattr(settings, setting.key)
