"""Wire classes of notices. Not in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.model.bounds import Time, Word
from flamenco.model.notices import MOST_NOTICES, NoticeKind

Limit = Annotated[int, Meta(ge=1, le=MOST_NOTICES)]


@attrs.frozen(kw_only=True)
class NoticesWanted:
    """Query string: the notices that a browser shows."""

    browser: Word = ""
    """Text of its own choice by which a browser is known again; empty: all are unread."""
    limit: Limit = 100


@attrs.frozen(kw_only=True)
class ShownNotice:
    """Something that people should hear of."""

    id: str
    at: Time
    kind: NoticeKind
    text: str
    """A sentence."""
    unread: bool
    job_id: str | UnsetType = UNSET
    worker_id: str | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class NoticeList:
    notices: tuple[ShownNotice, ...]
    """The newest first."""
    unread: int
    """Number of all that are unread."""


@attrs.frozen(kw_only=True)
class NoticesRead:
    """The notices up to a time were read in a browser."""

    browser: Word
    until: Time
