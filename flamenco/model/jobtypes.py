"""Job types and their settings (reference job-types §2)."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import attrs
from attrs.validators import and_, deep_iterable, optional

from flamenco.model.bounds import (
    MOST_NAMED,
    Amount,
    Few,
    Line,
    Many,
    Number,
    Priority,
    Prose,
    Text,
    Values,
    Word,
)

SettingType = Literal["string", "int32", "float", "bool"]
Subtype = Literal["file_path", "dir_path", "file_name", "hashed_file_path"]
Visibility = Literal["visible", "hidden", "submission", "web"]


_Validator = Callable[[object, "attrs.Attribute[Any]", object], None]


def _field(owner: object, attribute: "attrs.Attribute[Any]") -> str:
    """The name of a field, with that of its setting."""
    key = getattr(owner, "key", None)
    return f"setting {key!r}: {attribute.name}" if isinstance(key, str) else attribute.name


def _of(kind: type, name: str) -> _Validator:
    def check(owner: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
        if not isinstance(value, kind):
            where = _field(owner, attribute)
            raise ValueError(f"{where}: expected {name}, got {value!r}")  # noqa: TRY004

    return check


def _one_of(options: tuple[str, ...]) -> _Validator:
    def check(owner: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
        if value not in options:
            expected = ", ".join(map(repr, options))
            where = _field(owner, attribute)
            raise ValueError(f"{where}: expected one of {expected}, got {value!r}")

    return check


_TEXT = _of(str, "a text")
_FLAG = _of(bool, "True or False")


@attrs.frozen(kw_only=True)
class EvalInfo:
    """The add-on's offer to evaluate a setting."""

    description: Prose = attrs.field(default="", validator=_TEXT)
    show_link_button: bool = attrs.field(default=False, validator=_FLAG)


def _only_for_strings(setting: "Setting", attribute: "attrs.Attribute[Any]", value: object) -> None:
    if value and setting.type != "string":
        where = _field(setting, attribute)
        raise ValueError(f"{where}: is for settings of type string, not {setting.type}")


def _choices(setting: "Setting", attribute: "attrs.Attribute[Any]", value: object) -> None:
    where = _field(setting, attribute)
    if not isinstance(value, tuple) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{where}: expected a list of texts, got {value!r}")
    if not value:
        raise ValueError(f"{where}: expected at least one text to choose from, got none")


def _bounds(setting: "Setting", attribute: "attrs.Attribute[Any]", value: object) -> None:
    where = _field(setting, attribute)
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: expected arguments by name, got {value!r}")  # noqa: TRY004
    bounds = [value[name] for name in ("min", "max") if name in value]
    for each in bounds:
        if isinstance(each, bool) or not isinstance(each, int | float):
            raise ValueError(f"{where}: expected numbers as min and max, got {each!r}")  # noqa: TRY004
    if bounds != sorted(bounds):
        raise ValueError(f"{where}: min {bounds[0]} is more than max {bounds[1]}")


def _optional_tuple(choices: Any) -> Any:
    return tuple(choices) if isinstance(choices, list | tuple) else choices


@attrs.frozen
class Setting:
    """A question that the submitter of a job answers."""

    key: Word = attrs.field(validator=_TEXT)
    type: SettingType = attrs.field(validator=_one_of(get_args(SettingType)))
    label: Line | None = attrs.field(default=None, validator=optional(_TEXT))
    """Name for people; None: it is made from the key."""
    description: Prose | None = attrs.field(default=None, validator=optional(_TEXT))
    default: Prose | Number | Amount | bool | None = None
    required: bool = attrs.field(default=False, validator=_FLAG)
    choices: Few[Line] | None = attrs.field(
        default=None,
        converter=_optional_tuple,
        validator=optional(and_(_choices, _only_for_strings)),
    )
    """The texts to choose from."""
    subtype: Subtype | None = attrs.field(
        default=None, validator=[optional(_one_of(get_args(Subtype))), _only_for_strings]
    )
    propargs: Values | None = attrs.field(default=None, validator=optional(_bounds))
    """Further arguments of Blender's property; the Manager enforces `min` and `max` too."""
    eval: Prose | None = attrs.field(default=None, validator=optional(_TEXT))
    """Python expression that gives the value, evaluated in Blender."""
    eval_info: EvalInfo | None = attrs.field(
        default=None, validator=optional(_of(EvalInfo, "an EvalInfo"))
    )
    visible: Visibility = attrs.field(default="visible", validator=_one_of(get_args(Visibility)))
    """Place where it is shown: everywhere, nowhere, in Blender only, or on the web page only."""
    editable: bool = attrs.field(default=True, validator=_FLAG)


def _settings(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    return tuple(settings)


def _keys_differ(job_type: "JobType", _: object, settings: tuple[Setting, ...]) -> None:
    keys = [setting.key for setting in settings]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise ValueError(f"settings must have different keys; twice: {', '.join(sorted(twice))}")


@attrs.frozen(kw_only=True)
class JobType:
    """A kind of job, with its settings. Its script turns their values into tasks."""

    label: Line = attrs.field(validator=_TEXT)
    description: Prose = attrs.field(default="", validator=_TEXT)
    settings: Few[Setting] = attrs.field(
        default=(),
        converter=_settings,
        validator=[deep_iterable(_of(Setting, "a Setting")), _keys_differ],
    )
    name: Word = ""
    """Name of the job type, which is that of its script."""
    etag: Word = ""
    """Version tag from the Manager; changes with name, label, description and settings."""
    error: Text = ""
    """Reason why the script cannot be used; empty if it can."""
    warnings: Many[Prose] = ()
    """Parts of its description that make no sense, and what is taken in their place."""

    def setting(self, key: str) -> Setting | None:
        """The setting with this key, if there is one."""
        return next((each for each in self.settings if each.key == key), None)


@attrs.frozen(kw_only=True)
class JobToCompile:
    """A submitted job as its job type sees it. Scripts may change settings and metadata."""

    id: Word
    name: Line
    type: Word
    created: datetime
    priority: Priority = 50
    settings: Annotated[dict[Word, Any], MOST_NAMED] = attrs.field(factory=dict)
    metadata: Annotated[dict[Word, Prose], MOST_NAMED] = attrs.field(factory=dict)
    worker_tag: Word | None = None
    shaman_checkout_id: Line | None = None


API_NAMES = {"eval_info": "evalInfo", "show_link_button": "showLinkButton"}
"""Names of fields that are others in the API, and in scripts in JavaScript."""

_SILENT = {"visible": "visible", "editable": True, "required": False}
"""Values that are not sent, since a missing field means the same."""


def setting_values(setting: Setting) -> dict[str, Any]:
    """The setting as the API gives it (schema AvailableJobSetting), without unset fields."""

    def wanted(attribute: "attrs.Attribute[Any]", value: object) -> bool:
        return value is not None and _SILENT.get(attribute.name) != value

    values = attrs.asdict(setting, filter=wanted)
    if setting.eval_info is not None:
        values["eval_info"] = {
            API_NAMES.get(name, name): value
            for name, value in attrs.asdict(setting.eval_info).items()
        }
    return {API_NAMES.get(name, name): value for name, value in values.items()}


def sealed(job_type: JobType, name: str) -> JobType:
    """The job type under its name, also for people if it has no label, with its etag.

    The etag is the SHA-1 of its canonical JSON.
    """
    label = job_type.label or name
    values = {
        "name": name,
        "label": label,
        "description": job_type.description,
        "settings": [setting_values(setting) for setting in job_type.settings],
    }
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    etag = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return attrs.evolve(job_type, name=name, label=label, etag=etag)
