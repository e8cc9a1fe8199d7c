"""The job type of what a script in JavaScript says of itself.

Scripts that a farm has were listed by Flamenco 3, which checks little of a definition. So what is
odd about a setting is left out with a warning; only one that cannot be shown at all is an error.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from flamenco.jobtypes.settings import fitting_default
from flamenco.model.jobtypes import API_NAMES, EvalInfo, JobType, Setting

VISIBLE = {True: "visible", False: "hidden"}
"""Values of `visible` in Flamenco before 3.3, and what they are now."""


def job_type_from(values: Mapping[str, Any]) -> JobType:
    """The job type, with warnings of what is left out.

    Raises ValueError, which names a setting that makes no sense.
    """
    settings = values.get("settings") or ()
    if not isinstance(settings, list | tuple) or not all(isinstance(x, Mapping) for x in settings):
        raise ValueError(f"settings: expected a list of settings, got {settings!r}")
    warnings: list[str] = []
    found: dict[str, Setting] = {}
    for each in settings:
        setting = _setting_from(each, warnings)
        if found.pop(setting.key, None):
            warnings.append(f"setting {setting.key!r}: is there twice, the last one counts")
        found[setting.key] = setting
    return JobType(
        label=_text("label", values, warnings),
        description=_text("description", values, warnings),
        settings=found.values(),
        warnings=tuple(warnings),
    )


def _text(name: str, values: Mapping[str, Any], warnings: list[str]) -> str:
    value = values.get(name) or ""
    if isinstance(value, str):
        return value
    warnings.append(f"{name}: expected a text, got {value!r}; left out")
    return ""


def _setting_from(values: Mapping[str, Any], warnings: list[str]) -> Setting:
    key = values.get("key")
    if not isinstance(key, str):
        raise ValueError(f"a setting has no key: {dict(values)}")  # noqa: TRY004
    kind: Any = values.get("type")
    setting = Setting(key, kind)
    for name, value in _known(Setting, values):
        try:
            more: dict[str, Any] = {name: _value(key, name, value)}
            setting = attrs.evolve(setting, **more)
        except ValueError as error:
            warnings.append(f"{error}; left out")
    default, problem = fitting_default(setting)
    if problem is not None:
        taken = "left out" if default is None else f"{default} is taken"
        warnings.append(f"default of {problem}; {taken}")
    return attrs.evolve(setting, default=default)


def _value(key: str, name: str, value: object) -> object:
    match name, value:
        case "visible", bool():
            return VISIBLE[value]
        case "eval_info", Mapping():
            try:
                return EvalInfo(**dict(_known(EvalInfo, value)))
            except ValueError as error:
                raise ValueError(f"setting {key!r}: evalInfo: {error}") from None
    return value


def _known(kind: type, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of an attrs class, under its own names, that have a value."""
    for name in attrs.fields_dict(kind):
        value = values.get(API_NAMES.get(name, name))
        if value is not None:
            yield name, value
