"""Running a command's work with Trio."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar, TypeVarTuple, Unpack

import trio

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


def until_interrupted(
    run: Callable[[Unpack[Arguments]], Awaitable[T]], *arguments: *Arguments
) -> T:
    """Run a function to its end, or until Ctrl-C, if it doesn't handle signals itself.

    Raises KeyboardInterrupt only in Trio's main task, and only where that waits. Raised anywhere
    in the program, as is usual, it would get lost in parts that are cleaning up, and the program
    would go on.
    """
    return trio.run(partial(run, *arguments), restrict_keyboard_interrupt_to_checkpoints=True)
