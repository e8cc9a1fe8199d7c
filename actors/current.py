"""Which actor is running: known to asks (who waits for whom) and transactions (whose message)."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.cell import Cell

CURRENT: ContextVar[Cell | None] = ContextVar("actors.CURRENT", default=None)
"""The actor whose own task (or a nursery opened in a handler) is running; None outside."""
