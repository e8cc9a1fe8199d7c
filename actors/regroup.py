"""Restarting several children together: all end, last started first; then all begin, in order.

The task of the child that crashed leads: it orders the others to end their lives and waits for
each. Then the baton goes round in the order of start: a child begins its life when it has the
baton and passes it on when its `started` has run (or when it has failed or ended). A second crash
meanwhile forms a new group, which takes over the children that still wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from actors.orders import Order

if TYPE_CHECKING:
    from actors.cell import Cell


class Regroup:
    """One joint restart."""

    __slots__ = ("_changed", "_open", "_order")

    def __init__(self, group: list[Cell]) -> None:
        self._order = list(group)
        self._open = False
        self._changed = trio.Event()
        for cell in group:
            before, cell.regroup = cell.regroup, self
            if before is not None:
                before.passed(cell)

    def stir(self) -> None:
        """Something changed: whoever waits looks again."""
        self._changed.set()
        self._changed = trio.Event()

    def open(self) -> None:
        """All lives have ended: the first may begin."""
        self._open = True
        self.stir()

    def passed(self, cell: Cell) -> None:
        """This child needs the baton no more."""
        if cell in self._order:
            self._order.remove(cell)
        if cell.regroup is self:
            cell.regroup = None
        self.stir()

    async def end_life_of(self, sibling: Cell) -> None:
        """Order a member to end its life, and wait until it has none."""
        if sibling.nap is None and sibling.exit is None:
            sibling.order(Order("restart", "restarted"))
            sibling.limit_end()
        while sibling.nap is None and sibling.exit is None and sibling.regroup is self:
            await self._changed.wait()

    async def turn(self, cell: Cell) -> None:
        """Wait for the baton; returns at once for a child that a newer group took over."""
        while cell.regroup is self and not (self._open and self._order[0] is cell):
            await self._changed.wait()


def members(cell: Cell) -> list[Cell]:
    """Who is restarted when this child crashed, itself included, in order of start."""
    parent = cell.parent
    if parent is None or parent.family is None:
        return [cell]
    strategy = parent.rules.strategy
    if strategy == "one_for_one":
        return [cell]
    children = [child for child in parent.family.children.values() if child.state != "passive"]
    if cell not in children:
        return [cell]
    return children if strategy == "one_for_all" else children[children.index(cell) :]
