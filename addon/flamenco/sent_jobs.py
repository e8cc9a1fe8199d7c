# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that were sent from this Blender, kept in a file between its sessions."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from .client import normal_url
from .errors import ManagerUnreachable

FILE_NAME = "flamenco-jobs.json"
"""Name of the file in Blender's folder for user configuration."""

MOST = 20
"""Number of jobs that are kept, the newest."""


@dataclass(frozen=True)
class SentJob:
    """A job, and what was last known of it."""

    url: str
    """Address of its Manager."""
    id: str
    name: str
    status: str
    approvals: int = 0
    """Number of its tasks that wait for a yes or no."""


def load(folder: Path) -> tuple[SentJob, ...]:
    """The jobs, the newest first; none if there is no file or it cannot be used."""
    try:
        found = json.loads((folder / FILE_NAME).read_text("utf-8"))
        jobs = tuple(SentJob(**one) for one in found[:MOST])
        return tuple(one for one in jobs if normal_url(one.url) == one.url)
    except (OSError, TypeError, ValueError, AttributeError, ManagerUnreachable):
        return ()


def save(folder: Path, jobs: Iterable[SentJob], gone: frozenset[tuple[str, str]]) -> None:
    """Keep the jobs beside those of other Blenders in the file, without those that are gone.

    `gone` has address and id of each. Raises OSError.
    """
    known = {(one.url, one.id): one for one in jobs}
    others = [one for one in load(folder) if (one.url, one.id) not in known.keys() | gone]
    kept = [asdict(one) for one in [*known.values(), *others][:MOST]]
    temporary = folder / f"{FILE_NAME}.{os.getpid()}~"
    temporary.write_text(json.dumps(kept, indent=1), "utf-8")
    temporary.replace(folder / FILE_NAME)
