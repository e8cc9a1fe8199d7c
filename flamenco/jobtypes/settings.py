"""Check of a submitted job's settings against its job type."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from flamenco.errors import Mendable
from flamenco.model.frames import MOST_CHUNKS, FrameRangeError, least_count
from flamenco.model.jobtypes import JobType, Setting, SettingType

INT32 = range(-(2**31), 2**31)


@attrs.frozen
class SettingProblem:
    """A wrong setting: its path, the expected value and the value found."""

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.found}"


@attrs.define
class SettingsError(Mendable, ValueError):
    """Settings that do not fit their job type."""

    problems: tuple[SettingProblem, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems))


def validate_settings(job_type: JobType, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with defaults and empty values in place of what is missing.

    Settings that the job type does not have are kept: a script may read them. Raises
    SettingsError, which names all that are wrong.
    """
    given = {key: value for key, value in settings.items() if value is not None}
    complete = _empty_values(job_type) | defaults(job_type) | given
    for each in job_type.settings:
        value = complete.get(each.key)
        if each.type == "int32" and isinstance(value, float) and value.is_integer():
            complete[each.key] = int(value)
    problems = [
        problem
        for each in job_type.settings
        if not _may_be_empty(each, complete) and (problem := _problem(each, complete))
    ]
    if not problems and (too_many := _too_many_frames(job_type, complete)):
        problems = [too_many]
    if problems:
        raise SettingsError(tuple(problems))
    return complete


def _too_many_frames(job_type: JobType, settings: Mapping[str, Any]) -> SettingProblem | None:
    """Fault of frames that can't be cut into chunks, told before a script tries.

    The rule is that of `frame_chunker`, for settings named as in reference job-types §3.
    """
    types = {each.key: each.type for each in job_type.settings}
    size = settings.get("chunk_size", 0)
    if (types.get("frames"), types.get("chunk_size")) != ("string", "int32") or size < 1:
        return None
    most = f"at most {MOST_CHUNKS} chunks"
    try:
        count = least_count(settings.get("frames", ""))
    except FrameRangeError as error:
        return SettingProblem("settings.frames", most, error.part) if error.is_too_long else None
    if count <= MOST_CHUNKS * size:
        return None
    got = (
        f"{count} frames in chunks of {size}; set chunk_size to {-(-count // MOST_CHUNKS)} or more"
    )
    return SettingProblem("settings.frames", most, got)


def defaults(job_type: JobType) -> dict[str, Any]:
    """The values of settings that have a default."""
    return {each.key: each.default for each in job_type.settings if each.default is not None}


EMPTY: dict[SettingType, Any] = {"string": "", "int32": 0, "float": 0, "bool": False}


def _empty_values(job_type: JobType) -> dict[str, Any]:
    """The values of settings that nobody gave and that have no default.

    A text that isn't required is empty, as the add-on sends it. So is what is required, but what
    only Blender knows: whoever submits without it can't tell, and Flamenco 3 asks for none of it.
    """
    return {
        each.key: EMPTY[each.type]
        for each in job_type.settings
        if (each.required and _known_to_blender(each))
        or (each.type == "string" and not each.required and each.choices is None)
    }


def _may_be_empty(setting: Setting, settings: Mapping[str, Any]) -> bool:
    return _known_to_blender(setting) and settings.get(setting.key) == EMPTY[setting.type]


def _known_to_blender(setting: Setting) -> bool:
    return setting.visible == "hidden" or (setting.visible == "web" and bool(setting.eval))


def check_defaults(job_type: JobType) -> None:
    """Raises SettingsError if a default is not a value that its setting may have."""
    values = defaults(job_type)
    optional = [attrs.evolve(each, required=False) for each in job_type.settings]
    problems = [problem for each in optional if (problem := _problem(each, values))]
    if problems:
        raise SettingsError(tuple(problems))


def fitting_default(setting: Setting) -> tuple[Any, SettingProblem | None]:
    """The default that a setting may have in place of its own, and what is wrong with that.

    A number out of its bounds becomes the nearest one; what else doesn't fit is left out.
    """
    optional = attrs.evolve(setting, required=False)
    problem = _problem(optional, {setting.key: setting.default})
    if problem is None:
        return setting.default, None
    if setting.type not in ("int32", "float") or not _CHECKS[setting.type](setting.default):
        return None, problem
    value: Any = setting.default
    least, most = _bounds(setting)
    return (least if least is not None and value < least else most), problem


def _problem(setting: Setting, settings: Mapping[str, Any]) -> SettingProblem | None:
    value = settings.get(setting.key)
    if value is None or (value == "" and setting.required):
        return _wrong(setting, _expected(setting), "nothing") if setting.required else None
    if not _CHECKS[setting.type](value) or not _in_range(setting, value):
        return _wrong(setting, _expected(setting), repr(value))
    return None


def _wrong(setting: Setting, expected: str, found: str) -> SettingProblem:
    return SettingProblem(f"settings.{setting.key}", expected, found)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_int32(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in INT32


_CHECKS: dict[SettingType, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "int32": _is_int32,
    "float": _is_number,
    "bool": lambda value: isinstance(value, bool),
}
_NAMES: dict[SettingType, str] = {
    "string": "a text",
    "int32": "a whole number",
    "float": "a number",
    "bool": "true or false",
}


def _in_range(setting: Setting, value: Any) -> bool:
    if setting.choices is not None:
        return value in setting.choices
    if setting.type not in ("int32", "float"):
        return True
    least, most = _bounds(setting)
    return (least is None or value >= least) and (most is None or value <= most)


def _bounds(setting: Setting) -> tuple[float | None, float | None]:
    arguments = setting.propargs or {}
    return arguments.get("min"), arguments.get("max")


def _expected(setting: Setting) -> str:
    if setting.choices is not None:
        return f"one of {', '.join(map(repr, setting.choices))}"
    name = _NAMES[setting.type]
    match _bounds(setting):
        case None, None:
            return name
        case least, None:
            return f"{name} from {least}"
        case None, most:
            return f"{name} up to {most}"
        case least, most:
            return f"{name} from {least} to {most}"
