"""Wire classes of the search within the logs of a job. Not in Flamenco 3."""

import attrs
from msgspec import UNSET, UnsetType

from flamenco.api.lists import Limit
from flamenco.model.bounds import Count, Sought, Word


@attrs.frozen(kw_only=True)
class LogSearch:
    q: Sought
    """The text; the case of the letters A to Z only counts if there is a capital among them."""
    limit: Limit = 100
    """Maximum number of lines."""
    after: Word = ""
    """The `next` of the previous answer."""


@attrs.frozen(kw_only=True)
class FoundLine:
    """A line of a log."""

    task_id: str
    task_name: str
    offset: Count
    """Byte of the log at which the line begins."""
    text: str
    """The line, or of a long one what is around the text."""


@attrs.frozen(kw_only=True)
class FoundLines:
    lines: tuple[FoundLine, ...]
    next: str | UnsetType = UNSET
    """Place to go on, unless all was looked at; there may be one even if no line was found."""
