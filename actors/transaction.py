"""One message is one transaction: what a handler changed is stored before anybody hears of it.

A `Unit` gathers what one message did: the changes it recorded, and its effects (tells, published
events, the reply). If it recorded something, or earlier units of its actor are still under way (it
may have read what they changed), it goes to the recorder; otherwise its effects leave at once.

A unit that fails takes all later units of its actor with it, because they were computed from a
state that never came to be: their effects are dropped, their asks get `CommitFailed`, and the actor
begins a new life from what is stored. Only once all its units are settled does a new life load its
snapshot.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from actors.current import CURRENT
from actors.errors import CommitFailed

if TYPE_CHECKING:
    from actors.ask import Call
    from actors.cell import Cell

log = logging.getLogger("actors")


class Unit:
    """What one message did: the changes it recorded and the effects that wait for their commit."""

    __slots__ = ("calls", "cell", "changes", "effects")

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.changes: list[object] = []
        self.effects: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self.calls: list[Call] = []  # the asks among the effects: they must hear of a failure

    def release(self) -> None:
        """The commit is done: let the effects leave, in order."""
        for function, args in self.effects:
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001 - an effect runs for the actor: its crash
                self.cell.fail(error)

    def fail(self, error: Exception) -> None:
        """The commit failed: drop the effects and tell those who ask."""
        path = self.cell.path
        log.error("%s: changes could not be stored, effects dropped: %r", path, error)
        for call in self.calls:
            failure = CommitFailed(f"{path} could not store its changes: {error!r}")
            failure.__cause__ = error
            call.fail(failure)


def open_unit(cell: Cell) -> Unit:
    """The unit of the message in hand."""
    if cell.unit is None:
        cell.unit = Unit(cell)
        cell.attention = True
    return cell.unit


def effect(cell: Cell, function: Callable[..., object], *args: object) -> None:
    """Do this when the message in hand is committed; from elsewhere, after earlier units."""
    if CURRENT.get() is cell:
        open_unit(cell).effects.append((function, args))
    else:
        unit = Unit(cell)
        unit.effects.append((function, args))
        submit(cell, unit)


def answer(cell: Cell, call: Call, reply: Callable[[Any], None], value: object) -> None:
    """Reply to an ask, after the commit of what it may depend on."""
    if cell.unit is None and not cell.uncommitted and cell.lost is None:
        reply(value)
        return
    inside = CURRENT.get() is cell
    unit = open_unit(cell) if inside else Unit(cell)
    unit.effects.append((reply, (value,)))
    unit.calls.append(call)
    if not inside:
        submit(cell, unit)


def close_unit(cell: Cell) -> None:
    """The message in hand is done: pass on what it did."""
    while cell.unit is not None:  # a function run `after_commit` may have effects of its own
        unit, cell.unit = cell.unit, None
        submit(cell, unit)


def submit(cell: Cell, unit: Unit) -> None:
    """Settle a unit: at once if nothing is uncommitted, else through the recorder."""
    if cell.lost is not None:
        unit.fail(cell.lost)
    elif unit.changes or cell.uncommitted:
        cell.system.recorder.submit(unit)
    else:
        unit.release()


def settled_one(cell: Cell) -> None:
    """The recorder is done with one of this actor's units."""
    cell.uncommitted -= 1
    if not cell.uncommitted and cell.settling is not None:
        cell.settling.set()
        cell.settling = None


async def settled(cell: Cell) -> None:
    """Wait until nothing of this actor is uncommitted."""
    while cell.uncommitted:
        if cell.settling is None:
            cell.settling = trio.Event()
        await cell.settling.wait()
