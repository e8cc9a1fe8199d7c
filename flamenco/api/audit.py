"""Wire classes of the audit log. Not in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import Meta

from flamenco.model.audit import AuditLine
from flamenco.model.bounds import Count, Time, Word

MOST_LINES = 1000

Lines = Annotated[int, Meta(ge=1, le=MOST_LINES)]


@attrs.frozen(kw_only=True)
class AuditWanted:
    """Choice of lines; what is left out leaves none out."""

    who: Word = ""
    """Part of who it was."""
    operation: Word = ""
    about: Word = ""
    """Kind of what was changed: `job`, `task`, `worker`, `tag`, `user`, `settings` and others."""
    subject: Word = ""
    """Its id."""
    since: Time | None = None
    until: Time | None = None
    before: Count | None = None
    """Number of a line; those before it are told, the newest first."""
    after: Count | None = None
    """Number of a line; those after it are told, the oldest first."""
    limit: Lines = 100


@attrs.frozen(kw_only=True)
class AuditLog:
    lines: tuple[AuditLine, ...]
    more: bool
    """True if there are others, before or after these."""
