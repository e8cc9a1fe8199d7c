"""Wire classes of the operations tagged `meta` (reference api §3)."""

from collections.abc import Mapping
from enum import StrEnum

import attrs
from msgspec import UNSET, UnsetType

from flamenco.model.bounds import Line, Prose, Text, Time, Word
from flamenco.model.statuses import FarmStatus


@attrs.frozen(kw_only=True)
class Error:
    """The body of every answer that is not a success."""

    code: int
    message: str


@attrs.frozen(kw_only=True)
class SecurityError:
    """The answer to a worker without the credentials of its registration."""

    message: str


@attrs.frozen(kw_only=True)
class Parked:
    """Not in Flamenco 3: why a thing does nothing until it is tried again, mended or deleted."""

    reason: Prose
    since: Time | UnsetType = UNSET
    """Without it: its row can't be read, and nobody has tried to work with it yet."""


@attrs.frozen(kw_only=True)
class ParkedPart:
    """Not in Flamenco 3: a part of the Manager that kept crashing, and does nothing meanwhile."""

    path: Line
    """Path of its actor, such as `/scheduler`."""
    reason: Prose
    since: Time
    tried_again_at: Time


@attrs.frozen(kw_only=True)
class VersionHeaders:
    user_agent: Line = ""


@attrs.frozen(kw_only=True)
class FlamencoVersion:
    version: Line
    shortversion: Line
    name: Line
    git: Line
    api_version: Line | UnsetType = UNSET
    """Not in Flamenco 3: the newest Flamenco 3 whose clients are understood."""


@attrs.frozen(kw_only=True)
class FarmStatusReport:
    status: FarmStatus
    refused_reports: int | UnsetType = UNSET
    """Not in Flamenco 3: number of reports since the start whose lease was over; not in events."""
    parked: tuple[ParkedPart, ...] | UnsetType = UNSET
    """Not in Flamenco 3: parts of the Manager that keep crashing; not in events."""


@attrs.frozen(kw_only=True)
class ConfigurationHeaders:
    if_match: Line | UnsetType = UNSET
    """Not in Flamenco 3: the `ETag` of the file that the change was made for."""


@attrs.frozen(kw_only=True)
class ManagerConfiguration:
    storageLocation: str
    shamanEnabled: bool
    isFirstRun: bool
    restart_needed_for: tuple[str, ...] | UnsetType = UNSET
    """Not in Flamenco 3: keys of the file that differ from the running Manager's values."""
    set_elsewhere: Mapping[str, str] | UnsetType = UNSET
    """Not in Flamenco 3: keys that can't be changed in the file, each with what sets it: a file and
    its line, or an environment variable."""


@attrs.frozen(kw_only=True)
class PathCheckInput:
    path: Line


@attrs.frozen(kw_only=True)
class PathCheckResult:
    path: str
    is_usable: bool
    cause: str


class BlenderPathSource(StrEnum):
    FILE_ASSOCIATION = "file_association"
    PATH_ENVVAR = "path_envvar"
    SYSTEM_LOCATION = "system_location"
    INPUT_PATH = "input_path"
    DEFAULT = "default"


@attrs.frozen(kw_only=True)
class BlenderPathCheckResult:
    input: Line
    path: Line
    source: BlenderPathSource
    is_usable: bool
    cause: Text


@attrs.frozen(kw_only=True)
class SetupAssistantConfig:
    storageLocation: Line
    blenderExecutable: BlenderPathCheckResult


class ManagerVariableAudience(StrEnum):
    WORKERS = "workers"
    USERS = "users"


@attrs.frozen(kw_only=True)
class ManagerVariable:
    value: Text
    is_twoway: bool


@attrs.frozen(kw_only=True)
class SharedStorageLocation:
    location: Text
    audience: ManagerVariableAudience
    platform: Word
    shamanEnabled: bool
