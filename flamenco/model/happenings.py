"""The history of a job: changes of its status, and requests, with whoever made them."""

from datetime import datetime
from enum import StrEnum

import attrs

from flamenco.model.bounds import cut

MOST_HAPPENINGS = 1000
"""Maximum number of entries that are kept for a job, the newest."""

TOGETHER_SECONDS = 60.0
"""Seconds within which the same request, made again, counts as one: of many tasks at once."""

LONGEST_DETAIL = 1000

MANAGER = "Manager"
"""Author of what nobody has asked for."""

AUTHORS = (("add-on", "add-on"), ("(cli)", "CLI"), ("mozilla", "page"))
"""Parts of the header `User-Agent` in lower case, and who sends them; the first that fits."""


def author(user_agent: str) -> str:
    """The author of a request, by its header `User-Agent`."""
    told = user_agent.casefold()
    return next((name for part, name in AUTHORS if part in told), "API")


class Kind(StrEnum):
    """Kinds of entries in a job's history."""

    STATUS = "status"
    REQUEST = "request"


@attrs.frozen(kw_only=True)
class Happening:
    """An entry in the history of a job."""

    job_id: str
    at: datetime
    kind: Kind
    what: str
    """New status, or name of the request, such as `setpriority`."""
    detail: str = ""
    """Reason, or what was asked for."""
    author: str = MANAGER
    count: int = 1
    """Number of equal requests that it stands for."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "detail", cut(self.detail, LONGEST_DETAIL))
