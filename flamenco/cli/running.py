"""Running what a command does with Trio."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar, TypeVarTuple, Unpack

import trio

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


def until_interrupted(
    run: Callable[[Unpack[Arguments]], Awaitable[T]], *arguments: *Arguments
) -> T:
    """Run it to its end, or until Ctrl-C; for what doesn't deal with signals itself.

    Raises KeyboardInterrupt, and in Trio's main task only, where it waits. Raised wherever the
    program is just then, as is usual, it gets lost in parts that are cleaning up, and the program
    goes on.
    """
    return trio.run(partial(run, *arguments), restrict_keyboard_interrupt_to_checkpoints=True)
