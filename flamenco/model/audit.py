"""The audit log: who changed what, when and from where; each line is bound to the one before it."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
import msgspec

BEGINNING = "0" * 64
"""Hash before the first line of a farm."""

REMOVAL = "removeOldLines"
"""Operation of the line that tells which ones before it were deleted, by `until`."""

LONGEST_VALUE = 4000
"""Maximum characters of a value in a line: a list of ids may be longer."""


@attrs.frozen(kw_only=True)
class AuditLine:
    """A change that somebody asked for."""

    number: int
    at: datetime
    who: str
    """Name of the user, and the program; or as much of that as is known."""
    address: str
    operation: str
    """Id of the operation of the HTTP API."""
    about: str = ""
    """Kind of what was changed, such as job, worker or settings."""
    subject: str = ""
    """Its id."""
    asked: Mapping[str, Any] = attrs.field(factory=dict)
    """Request, without secrets."""
    before: Mapping[str, Any] = attrs.field(factory=dict)
    """Values that have changed, as they were."""
    after: Mapping[str, Any] = attrs.field(factory=dict)
    """The same, as they are since then."""
    previous: str = BEGINNING
    """Hash of the line before it."""
    hash: str = ""


class BrokenChain(Exception):
    """The lines are not those that were written; the text says where."""


def sealed(line: AuditLine) -> AuditLine:
    """The line with its hash."""
    return attrs.evolve(line, hash=hash_of(line))


def hash_of(line: AuditLine) -> str:
    """SHA-256 of all that a line tells, and of the hash of the line before it."""
    told = (
        line.previous,
        line.number,
        line.at.astimezone(UTC).isoformat(),
        line.who,
        line.address,
        line.operation,
        line.about,
        line.subject,
        line.asked,
        line.before,
        line.after,
    )
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()


def check(lines: Iterable[AuditLine]) -> AuditLine | None:
    """The last of all lines, which come in their order. Raises `BrokenChain`.

    That lines are missing at the end shows only by the hash of a line that was noted elsewhere.
    """
    first: AuditLine | None = None
    last: AuditLine | None = None
    removed: set[object] = set()
    for line in lines:
        if line.hash != hash_of(line):
            raise BrokenChain(f"line {line.number} is not as it was written")
        if last is not None and (line.number, line.previous) != (last.number + 1, last.hash):
            raise BrokenChain(f"line {line.number} does not follow line {last.number}")
        if line.operation == REMOVAL:
            removed.add(line.after.get("until"))
        first, last = first or line, line
    if first is not None and first.number > 1 and first.number - 1 not in removed:
        raise BrokenChain(f"the lines before line {first.number} are missing")
    return last
