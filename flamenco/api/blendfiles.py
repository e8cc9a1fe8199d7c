"""Wire classes of the .blend files of the shared storage. None of it is in Flamenco 3."""

from collections.abc import Mapping
from typing import Any

import attrs
from msgspec import UNSET, UnsetType

from flamenco.api.lists import Limit
from flamenco.model.bounds import Line, Time, Values, Word


@attrs.frozen(kw_only=True)
class BlendFilesWanted:
    """Query string: a part of the files."""

    search: Word = ""
    """Words that occur in the path, each anywhere; case doesn't matter."""
    limit: Limit = 100
    after: Line = ""
    """The `next` of the previous page."""


@attrs.frozen(kw_only=True)
class BlendFile:
    path: str
    """Path on the Manager's machine, for a job whose `submitter_platform` is `manager`."""
    name: str
    """Path below the shared storage."""
    size: int
    """Bytes."""
    modified: Time


@attrs.frozen(kw_only=True)
class BlendFiles:
    files: tuple[BlendFile, ...]
    """Files in the order of their paths; fewer than wanted, even none, if they took too long."""
    next: str | UnsetType = UNSET
    """Value of `after` with which to look on, unless everything was looked at."""


@attrs.frozen(kw_only=True)
class BlendQuestion:
    """A file of the shared storage that is to be submitted."""

    path: Line
    type: Word
    """Job type."""
    name: Line = ""
    """Name of the job; without it, that of the file."""
    settings: Values = attrs.field(factory=dict)
    """Known values of the settings; others may depend on them."""


@attrs.frozen(kw_only=True)
class OutputNode:
    """A File Output node of the compositor."""

    name: str
    path: str


@attrs.frozen(kw_only=True)
class BlendFacts:
    """Facts that Blender knows of a file."""

    settings: Mapping[str, Any]
    """Values of settings of the job type that the file tells."""
    outputs: tuple[OutputNode, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    """Why nothing is known, in a sentence; empty if Blender was asked."""
