# SPDX-License-Identifier: GPL-3.0-or-later
"""Job types from the Manager, and Blender properties for their settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import choices

SHOWN = frozenset({"visible", "submission"})
"""Visibilities with which a setting appears in the panel (reference add-on §5)."""

_PROPERTIES = {
    "string": "StringProperty",
    "int32": "IntProperty",
    "float": "FloatProperty",
    "bool": "BoolProperty",
}
Value = str | int | float | bool

_PYTHON: dict[str, type] = {"string": str, "int32": int, "float": float, "bool": bool}
_LIMITS = frozenset({"min", "max", "soft_min", "soft_max"})
_BLENDER_NAME_LENGTH = 63


@dataclass(frozen=True)
class Setting:
    """One setting of a job type (reference API §3, `AvailableJobSetting`)."""

    key: str
    type: str
    subtype: str = ""
    choices: tuple[str, ...] = ()
    propargs: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    label: str = ""
    default: Any = None
    eval: str = ""
    """Python expression that computes the value."""
    eval_description: str = ""
    link_button: bool = False
    """True if a toggle chooses between evaluating at submission and typing a value."""
    visible: str = "visible"
    editable: bool = True
    required: bool = False

    @property
    def shown(self) -> bool:
        """True if the panel shows it."""
        return self.visible in SHOWN

    @property
    def title(self) -> str:
        """Its name in the panel."""
        return self.label or self.key.replace("_", " ").title()

    @property
    def autoeval_key(self) -> str:
        """Key of the toggle for the link button."""
        return f"autoeval_{self.key}"

    def choice_at(self, place: object) -> str | None:
        """The choice at this place, from 0; None if it has none there."""
        found = isinstance(place, int) and 0 <= place < len(self.choices)
        return self.choices[place] if found else None

    def coerce(self, value: object) -> Value:
        """`value` in the setting's own type. Raises TypeError or ValueError."""
        return _PYTHON[self.type](value)

    def initial(self) -> Value:
        """The default, else the empty value of the setting's type."""
        return _PYTHON[self.type]() if self.default is None else self.coerce(self.default)


@dataclass(frozen=True)
class JobType:
    """A kind of job that the Manager can compile."""

    name: str
    label: str
    etag: str = ""
    description: str = ""
    settings: tuple[Setting, ...] = ()
    error: str = ""
    """Reason why the Manager cannot use it; empty if it can."""

    @property
    def title(self) -> str:
        """Its name in the list of job types."""
        return f"{self.label} (broken)" if self.error else self.label

    def setting(self, key: str) -> Setting | None:
        """The setting with this key."""
        return next((setting for setting in self.settings if setting.key == key), None)


@dataclass(frozen=True)
class PropertySpec:
    """A call of ``bpy.props.<function>(**arguments)`` to be made."""

    function: str
    arguments: dict[str, Any]


def parse_job_type(data: Mapping[str, Any]) -> JobType:
    """The job type in an `AvailableJobType`. Raises KeyError, TypeError or ValueError."""
    return JobType(
        name=str(data["name"]),
        label=str(data["label"]),
        etag=str(data["etag"]),
        description=str(data.get("description", "")),
        settings=tuple(_parse_setting(setting) for setting in data["settings"]),
        error=str(data.get("error", "")),
    )


def _parse_setting(data: Mapping[str, Any]) -> Setting:
    if data["type"] not in _PYTHON:
        raise ValueError(f"setting {data['key']!r} has the unknown type {data['type']!r}")
    info = data.get("evalInfo", {})
    return Setting(
        key=str(data["key"]),
        type=data["type"],
        subtype=data.get("subtype", ""),
        choices=tuple(str(choice) for choice in data.get("choices", ())),
        propargs=dict(data.get("propargs", {})),
        description=str(data.get("description", "")),
        label=str(data.get("label", "")),
        default=data.get("default"),
        eval=data.get("eval", ""),
        eval_description=str(info.get("description", "")),
        link_button=bool(info.get("showLinkButton", False)),
        visible=data.get("visible", "visible"),
        editable=bool(data.get("editable", True)),
        required=bool(data.get("required", False)),
    )


def property_spec(setting: Setting) -> PropertySpec:
    """The Blender property of a setting (reference add-on §5).

    Raises TypeError or ValueError if the default or limits do not fit the setting's type.
    """
    arguments: dict[str, Any] = {
        "name": setting.title,
        "description": setting.description,
        "options": {"HIDDEN"},
    }
    if setting.type == "string" and setting.choices:
        arguments["items"] = [(each, each, "", choices.number(each)) for each in setting.choices]
    elif setting.subtype:
        arguments["subtype"] = _blender_subtype(setting.subtype)
    if setting.default is not None:
        arguments["default"] = setting.coerce(setting.default)
    for name, value in setting.propargs.items():
        arguments[name] = setting.coerce(value) if name in _LIMITS else value
    return PropertySpec(
        "EnumProperty" if "items" in arguments else _PROPERTIES[setting.type], arguments
    )


def _blender_subtype(subtype: str) -> str:
    return "FILE_PATH" if subtype == "hashed_file_path" else subtype.upper()


def warnings(job_type: JobType) -> list[str]:
    """Warnings for a job type's author about parts that are ignored."""
    return [
        f'Setting "{setting.key}" of job type "{job_type.name}": only a string can have choices'
        for setting in job_type.settings
        if setting.choices and setting.type != "string"
    ]


def class_name(job_type_name: str) -> str:
    """The job type's name in CamelCase, as a valid name of a Blender class."""
    words = re.findall("[0-9a-zA-Z]+", job_type_name)
    name = "".join(word[0].upper() + word[1:] for word in words)
    if not name[:1].isalpha():
        name = f"Job{name}"
    return name[:_BLENDER_NAME_LENGTH]
