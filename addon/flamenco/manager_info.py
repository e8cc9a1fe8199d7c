# SPDX-License-Identifier: GPL-3.0-or-later
"""Information about the Manager, kept in a JSON file between Blender sessions."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .client import Client
from .errors import UnexpectedAnswer
from .job_types import JobType, parse_job_type

CACHE_NAME = "flamenco-manager-info.json"
"""Name of the file in Blender's folder for user configuration (reference add-on §3)."""


@dataclass(frozen=True)
class WorkerTag:
    """A group of Workers that a job can be limited to."""

    id: str
    name: str
    description: str


@dataclass(frozen=True)
class ManagerInfo:
    """The answers of a Manager to the four questions of a refresh."""

    answers: Mapping[str, Any]
    """{name in the cache file: answer as received}."""
    name: str
    version: str
    short_version: str
    storage: str
    """Path of the shared storage on this computer's platform."""
    shaman: bool
    job_types: tuple[JobType, ...]
    worker_tags: tuple[WorkerTag, ...]
    url: str = field(default="", compare=False)
    """The Manager's address; empty if an earlier session asked, since the file does not have it."""

    def name_at(self, url: str) -> str:
        """The name of the Manager at this address; the address if another one told its name."""
        return self.name if url == self.url else url

    def job_type(self, name: str) -> JobType | None:
        """The job type with this name."""
        return next((one for one in self.job_types if one.name == name), None)

    def described(self, name: str) -> Any:
        """The description of a job type as received; None for an unknown one."""
        received = self.answers["job_types"]["job_types"]
        return next((one for one in received if one["name"] == name), None)


def fetch(client: Client, platform: str) -> ManagerInfo:
    """Ask the Manager for everything. Raises FlamencoError; the cache does not change."""
    answers = {
        "flamenco_version": client.version(),
        "shared_storage": client.shared_storage(platform),
        "job_types": client.job_types(),
        "worker_tags": client.worker_tags(),
    }
    try:
        return replace(_parse(answers), url=client.url)
    except (KeyError, TypeError, ValueError, AttributeError) as ex:
        raise UnexpectedAnswer(client.url, f"{type(ex).__name__}: {ex}") from ex


def load(folder: Path) -> ManagerInfo | None:
    """The result of the last refresh; None if there was none or its file cannot be used."""
    try:
        return _parse(json.loads((folder / CACHE_NAME).read_text("utf-8")))
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        return None


def save(folder: Path, info: ManagerInfo) -> None:
    """Replace the cache file in one step, so that another Blender never reads half of it.

    Raises OSError.
    """
    temporary = folder / f"{CACHE_NAME}.{os.getpid()}~"
    temporary.write_text(json.dumps(info.answers, indent=1), "utf-8")
    temporary.replace(folder / CACHE_NAME)


def _parse(answers: Mapping[str, Any]) -> ManagerInfo:
    version, storage = answers["flamenco_version"], answers["shared_storage"]
    return ManagerInfo(
        answers=answers,
        name=str(version["name"]),
        version=str(version["version"]),
        short_version=str(version["shortversion"]),
        storage=str(storage["location"]),
        shaman=bool(storage["shamanEnabled"]),
        job_types=tuple(parse_job_type(one) for one in answers["job_types"]["job_types"]),
        worker_tags=tuple(_parse_tag(tag) for tag in answers["worker_tags"].get("tags") or ()),
    )


def _parse_tag(data: Mapping[str, Any]) -> WorkerTag:
    return WorkerTag(str(data["id"]), str(data["name"]), str(data.get("description", "")))
