"""An ask to a sleeping actor is handled at once, in the asker's own task.

Half the cost of an ask is the way there and back: two task switches, each a round of Trio's loop.
But a sleeping actor has no mail and nothing in hand, so the message may as well be handled where
the asker stands, and the asker then gives way once, so that an ask still lets others run. The actor
is awake meanwhile: whatever comes in waits in its mailbox, and its own task is woken if anything is
left to do: mail, an order, or the coroutine of an `async def` handler, which runs there. A handler
that raises crashes the actor as always, not the asker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trio.lowlevel import reschedule

from actors.ask import Begun, Call, begin_answer, finish_answer
from actors.current import CURRENT
from actors.errors import unwrap
from actors.life import attend, tolerates, watch_idleness

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import CoroutineType

    from actors.actor import Actor
    from actors.cell import Cell


def go_on(actor: Actor, begun: Begun) -> Coroutine[Any, Any, None]:
    """The handler of `Begun`."""
    actor._cell.current = begun.call
    return finish_answer(actor._cell, begun.call, begun.coroutine)


def answer_at_once(cell: Cell, call: Call) -> bool:
    """Handle the call of an asker that is not asleep; its `outcome` is set if it is done.

    False, and nothing was done, if the actor does not sleep.
    """
    ref, actor, task = cell.ref, cell.actor, cell.task
    if not ref._asleep or actor is None or task is None:
        return False
    ref._asleep = False
    token = CURRENT.set(cell)
    cell.current = call
    coroutine: CoroutineType[Any, Any, object] | None = None
    try:
        coroutine = begin_answer(actor, call)
    except Exception as error:  # noqa: BLE001 - the boundary of supervision
        if not tolerates(cell, error):
            cell.fail(unwrap(error))
    finally:
        CURRENT.reset(token)
        cell.current = None
        if coroutine is not None:
            ref._queue.appendleft(Begun(call, coroutine))
        else:
            cell.handled += 1
        if cell.attention:
            attend(cell)
        if ref._queue or cell.next_order is not None:
            reschedule(task)
        else:
            if cell.cls.passivate_after is not None:
                watch_idleness(cell)
            ref._asleep = True
    return True
