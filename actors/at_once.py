"""An ask to a sleeping actor is handled at once, in the asker's own task.

Half the cost of an ask is the way there and back: two task switches. What `loop.py` says of mail
holds for asks as well, from whatever task they come: a sleeping actor's handler runs where the
asker stands. The asker then gives way once, so that an ask still lets others run. A handler that
raises crashes the actor as always, not the asker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.ask import Begun, begin_answer, finish_answer
from actors.current import CURRENT
from actors.errors import unwrap
from actors.loop import attend, settle_down, tolerates

if TYPE_CHECKING:
    from actors.ask import Call
    from actors.cell import Cell


def answer_at_once(cell: Cell, call: Call) -> bool:
    """Handle the call of an asker that is not asleep; its `outcome` is set if it is done.

    False, and nothing was done, if the actor does not sleep.
    """
    actor = cell.actor
    if actor is None or not cell.ref._asleep:
        return False
    ref = cell.ref
    ref._asleep = False
    token = CURRENT.set(cell)
    cell.current = call
    coroutine = None
    try:
        coroutine = begin_answer(actor, call)
    except Exception as error:  # noqa: BLE001 - the boundary of supervision
        if not tolerates(cell, error):
            cell.fail(unwrap(error))
    finally:
        if cell.attention:
            attend(cell)
        CURRENT.reset(token)
        cell.current = None
        if coroutine is None:
            cell.handled += 1
        else:
            ref._queue.appendleft(Begun(call, finish_answer(cell, call, coroutine)))
        settle_down(cell)
    return True
