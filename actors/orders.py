"""Orders: what an actor is to do between two messages. They are not mail and wait for no mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from actors.deadlines import Entry
from actors.messages import Reason

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell
    from actors.supervision import Restart

Kind = Literal["passivate", "rollback", "restart", "fail", "stop"]
RANK: dict[Kind, int] = {"passivate": 0, "rollback": 1, "restart": 2, "fail": 3, "stop": 4}


@attrs.frozen
class Order:
    """What an actor is to do between two messages; the graver replaces the lesser."""

    kind: Kind
    reason: Reason = "stopped"
    error: Exception | None = None
    own: bool = False  # the actor's own wish, which a "permanent" child is not granted


@attrs.frozen
class Options:
    """How a child was spawned: when it is restarted, and how long its end may take (seconds)."""

    restart: Restart
    shutdown: float


class Limit(Entry):
    """The end of an actor takes too long: cancel the life."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self._cell = cell

    def expire(self) -> None:
        """The `shutdown` seconds are over."""
        self._cell.kill()


class Drain:
    """The last mail of an actor that ends orderly: what came before it is still handled."""

    __slots__ = ()


def drained(actor: Actor, _: Drain) -> None:
    """The handler of `Drain`."""
    actor._cell.order(Order("stop", "shutdown"))
