"""Wire classes of the operations tagged `meta` (reference api §3)."""

from enum import StrEnum

import attrs
from msgspec import UNSET, UnsetType

from flamenco.model.statuses import FarmStatus


@attrs.frozen(kw_only=True)
class Error:
    """The body of every answer that is not a success."""

    code: int
    message: str


@attrs.frozen(kw_only=True)
class SecurityError:
    """The answer to a worker that does not show the credentials of its registration."""

    message: str


@attrs.frozen(kw_only=True)
class FlamencoVersion:
    version: str
    shortversion: str
    name: str
    git: str


@attrs.frozen(kw_only=True)
class FarmStatusReport:
    status: FarmStatus
    refused_reports: int | UnsetType = UNSET
    """Not in Flamenco 3: reports since the start whose lease was over; not in events."""


@attrs.frozen(kw_only=True)
class ManagerConfiguration:
    storageLocation: str
    shamanEnabled: bool
    isFirstRun: bool


class ManagerVariableAudience(StrEnum):
    WORKERS = "workers"
    USERS = "users"


@attrs.frozen(kw_only=True)
class ManagerVariable:
    value: str
    is_twoway: bool


@attrs.frozen(kw_only=True)
class SharedStorageLocation:
    location: str
    audience: ManagerVariableAudience
    platform: str
    shamanEnabled: bool
