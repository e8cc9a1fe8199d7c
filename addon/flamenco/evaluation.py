# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that job settings get from Python expressions of their job type (reference add-on §5)."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

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
    """The names an expression can use, but for ``bpy``.

    `abspath` turns a path relative to the blend file into an absolute, normalised one.
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
    """The value of the setting's expression, as the setting's type. Raises SettingError."""
    try:
        # The expression is part of the job type, which the farm's own Manager hands out.
        value = eval(setting.eval, dict(names), {})  # noqa: S307
        return setting.coerce(value)
    except Exception as ex:
        cause = f"{type(ex).__name__}: {ex}"
        raise SettingError(setting.key, setting.eval, cause) from ex


def values_for_submission(
    job_type: JobType, settings: object, names: Mapping[str, Any]
) -> dict[str, Value]:
    """Key and value of every setting, as they go to the Manager.

    A setting that is not shown, or that is linked to its expression, gets the expression's value,
    else its default, else it stays as it is. `settings` holds the values as attributes. Raises
    SettingError, and NotReady when a shown text that is required is empty.
    """
    values = {
        setting.key: _value_for_submission(setting, settings, names)
        for setting in job_type.settings
    }
    for setting in job_type.settings:
        if setting.required and setting.shown and values[setting.key] == "":
            raise NotReady(f'Job setting "{setting.title}" is needed; fill it in and submit again')
    return values


def _value_for_submission(setting: Setting, settings: object, names: Mapping[str, Any]) -> Value:
    linked = setting.link_button and getattr(settings, setting.autoeval_key)
    if linked or not setting.shown:
        if setting.eval:
            return evaluate(setting, names)
        if setting.default is not None:
            return setting.coerce(setting.default)
    elif setting.eval and not setting.editable:
        return evaluate(setting, names)
    return getattr(settings, setting.key)
