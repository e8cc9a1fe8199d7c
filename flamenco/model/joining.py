"""Join tokens: secrets by which Workers join the farm, once or for a while."""

from datetime import datetime

import attrs

MOST_TOKENS = 1000
"""Maximum number of join tokens that a farm has at a time."""


@attrs.frozen(kw_only=True)
class JoinToken:
    """A token that lets a worker join, or gives one new credentials."""

    id: str
    name: str
    """Purpose of it."""
    key: str = attrs.field(repr=False)
    """SHA-256 of its secret, in hexadecimal: the key of the proofs that it is known."""
    tags: tuple[str, ...] = ()
    """Ids of the tags that a worker gets which joins by it."""
    worker_id: str = ""
    """The worker that gets new credentials by it; empty: a new one joins."""
    once: bool = True
    """True if it is over when one worker has used it."""
    created: datetime
    expires: datetime
    used: int = 0
    """Number of workers that have joined by it."""
