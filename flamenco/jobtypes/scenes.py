"""Scenes and view layers that one job renders beside each other, with settings of their own."""

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from flamenco.jobtypes.settings import SettingsError, validate_settings
from flamenco.model.folders import folder_name
from flamenco.model.jobtypes import JobType, Setting

MOST_SCENES = 100

SCENES = Setting(
    "scenes",
    "string",
    visible="hidden",
    description="Scenes or view layers to render, each into a folder of its own: a JSON list of "
    "objects with a name, and the settings that differ from the job's",
)


@attrs.frozen
class Part:
    """A scene or view layer of a job."""

    name: str
    """Name of its folder, and of its images among those of a frame; empty: the job has no other."""
    settings: dict[str, Any]


def parts_of(job_type: JobType, settings: dict[str, Any]) -> list[Part]:
    """The scenes and view layers that a job renders, with all settings of each.

    Raises ValueError if the setting `scenes` does not tell that.
    """
    text = settings.get(SCENES.key)
    if not text:
        return [Part("", settings)]
    try:
        listed = msgspec.json.decode(text, type=list[dict[str, str | int | float | bool | None]])
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ValueError(f"scenes: expected a JSON list of settings by name: {error}") from None
    parts = [_part(job_type, settings, each) for each in listed]
    names = {part.name.casefold() for part in parts}  # one folder on Windows and macOS
    if not 0 < len(parts) == len(names) <= MOST_SCENES:
        raise ValueError(
            f"scenes: expected 1 to {MOST_SCENES} with different names, "
            f"got {len(parts)} with {len(names)} names that differ by more than case"
        )
    return parts


def _part(job_type: JobType, settings: dict[str, Any], differs: Mapping[str, Any]) -> Part:
    name, own = differs.get("name"), {**differs}
    own.pop("name", None)
    if not isinstance(name, str) or not name:
        raise ValueError(f"scenes: expected a name for each, got {name!r}")
    unknown = own.keys() - {each.key for each in job_type.settings}
    if unknown:
        raise ValueError(f"scenes: {name} has settings that there are not: {', '.join(unknown)}")
    try:
        whole = validate_settings(job_type, {**settings, **own, SCENES.key: ""})
    except SettingsError as error:
        raise ValueError(f"scenes: {name}: {error}") from None
    return Part(folder_name(name), whole)
