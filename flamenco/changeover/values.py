"""Values as Flamenco 3 writes them into its database (reference database)."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from flamenco.model.bounds import Steps
from flamenco.model.jobs import Command

Status = TypeVar("Status", bound=StrEnum)
Note = Callable[[str], object]

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))? ?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_NEVER = "0001-"
"""Beginning of the time that Go has in place of none."""


def moment(value: object) -> datetime | None:
    """A time as Go prints it, such as `2026-11-29 08:52:32.846385633 +0200 CEST m=+0.1`."""
    match = _TIME.match(str(value or ""))
    if match is None or match[0].startswith(_NEVER):
        return None
    zone = (match[4] or "Z").replace("Z", "+00:00")
    try:
        found = datetime.fromisoformat(f"{match[1]}T{match[2]}.{(match[3] or '')[:6]:0<6}{zone}")
    except ValueError:
        return None
    return found.astimezone(UTC)


def words(value: object) -> tuple[str, ...]:
    """A list of words, such as `blender,misc`."""
    return tuple(word.strip() for word in str(value or "").split(",") if word.strip())


def status(kind: type[Status], value: object, otherwise: Status, what: str, note: Note) -> Status:
    """A status; one that is not known here becomes another."""
    try:
        return kind(str(value))
    except ValueError:
        note(f"{what}: status {value!r} is not known, it becomes {otherwise.value}")
        return otherwise


def section(value: object, what: str, note: Note) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    found = _decoded(value)
    if isinstance(found, dict):
        return found
    note(f"{what} can't be read")
    return {}


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as texts."""
    return {key: value if isinstance(value, str) else str(value) for key, value in values.items()}


def count(value: object, what: str, note: Note) -> int:
    """A number of steps; 0 for what is none, or more than a command may have."""
    try:
        return msgspec.convert(value or 0, Steps)
    except msgspec.ValidationError:
        note(f"{what}: expected a number of steps, got {value!r}; it becomes 0")
        return 0


def commands(value: object, what: str, note: Note) -> tuple[Command, ...]:
    """The commands of a task; none where they can't be read."""
    try:
        found = [
            {
                "name": each["name"],
                "parameters": each.get("parameters") or {},
                "total_step_count": count(each.get("total_step_count"), what, note),
            }
            for each in _decoded(value or "[]")
        ]
        return msgspec.convert(found, tuple[Command, ...])
    except (TypeError, KeyError, AttributeError, msgspec.ValidationError):
        note(f"{what}: its commands can't be read")
        return ()


def _decoded(value: object) -> Any:
    try:
        return json.loads(value) if isinstance(value, str | bytes) and value else None
    except ValueError:
        return None
