"""The actor that owns the audit log, and binds each line to the one before it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import attrs

import actors
from flamenco import clock
from flamenco.manager.services import Services
from flamenco.model.audit import BEGINNING, REMOVAL, AuditLine, sealed
from flamenco.store import (
    InsertAuditLine,
    RemoveAuditLines,
    last_audit_hash,
    last_audit_line_before,
)

REMOVE_SECONDS = 3600.0
"""Seconds from a removal of old lines until the next."""


@attrs.frozen(kw_only=True)
class NoteChange(actors.Request[None]):
    """Write down a change, as `AuditLine` tells it."""

    who: str
    address: str
    operation: str
    about: str = ""
    subject: str = ""
    asked: Mapping[str, Any] = attrs.field(factory=dict)
    before: Mapping[str, Any] = attrs.field(factory=dict)
    after: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class RemoveOldLines:
    """It is time to delete the lines that are too old."""


class Audit(actors.Actor):
    """The owner of the audit log."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._number = 0
        self._hash = BEGINNING

    async def started(self) -> None:
        """Go on after the last line."""
        self._number, self._hash = await self._services.reader.look(last_audit_hash)
        self.tell(self.ref, RemoveOldLines())

    @actors.handles(NoteChange)
    def note(self, message: NoteChange) -> None:
        """Write a line."""
        self._write(**attrs.asdict(message, recurse=False))

    @actors.handles(RemoveOldLines)
    async def remove_old_lines(self, message: RemoveOldLines) -> None:
        """Delete lines that are too old; a new one says up to where, so that the chain holds."""
        self.after(REMOVE_SECONDS, message)
        seconds = self._services.config.delete_audit_after
        if not seconds:
            return
        oldest = clock.now() - timedelta(seconds=seconds)
        until = await self._services.reader.ask(lambda db: last_audit_line_before(db, oldest))
        if until:
            self.record(RemoveAuditLines(until))
            self._write(who="Manager", address="", operation=REMOVAL, after={"until": until})

    def _write(self, **told: Any) -> None:
        line = sealed(
            AuditLine(number=self._number + 1, at=clock.now(), previous=self._hash, **told)
        )
        self._number, self._hash = line.number, line.hash
        self.record(InsertAuditLine(line))
