"""Which method handles which message: tables by message type, one per class and behaviour.

A table is an exact dict, looked up by `message.__class__` (15 ns; `match` costs 82). Types the
runtime itself wraps messages in, such as an ask, are entries like any other, so that the loop that
handles messages knows no special cases. A subclass of a handled type is found by its ancestry
once and then entered as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Handler = Callable[[Any, Any], Any]
Table = dict[type, Handler]

_MARK = "__handles__"


def handles(*types: type, behaviour: str | None = None) -> Callable[[F], F]:
    """Make a method, `def` or `async def`, the handler of these types of message.

    Its return value is the reply of an ask. With `behaviour`, it counts only while the actor has
    become that behaviour (see `Actor.become`), and then goes before the handlers without one.

    >>> import trio, actors
    >>> class Add(actors.Request[int]):
    ...     pass
    >>> class Counter(actors.Actor):
    ...     total = 0
    ...     @actors.handles(Add)
    ...     def add(self, message: Add) -> int:
    ...         self.total += 1
    ...         return self.total
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         return await system.spawn(Counter).ask(Add())
    >>> trio.run(main)
    1
    """
    if not types or not all(isinstance(kind, type) for kind in types):
        raise TypeError(f"handles() expects message classes, got {types!r}")

    def mark(function: F) -> F:
        setattr(function, _MARK, (types, behaviour))
        return function

    return mark


def build_tables(cls: type) -> dict[str | None, Table]:
    """The tables of an actor class: behaviour -> message type -> function. None is the basic one.

    A subclass that overrides a handler method without decorating it again keeps its types.
    """
    marks: dict[str, tuple[tuple[type, ...], str | None]] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if mark := getattr(value, _MARK, None):
                marks.pop(name, None)
                marks[name] = mark
    tables: dict[str | None, Table] = {None: {}}
    for name, (types, behaviour) in marks.items():
        table = tables.setdefault(behaviour, {})
        table.update(dict.fromkeys(types, getattr(cls, name)))
    basic = tables[None]
    return {behaviour: basic | table for behaviour, table in tables.items()}


def resolve(table: Table, kind: type) -> Handler | None:
    """The handler of the nearest ancestor of a message type; remembered for the next time."""
    for base in kind.__mro__:
        if handler := table.get(base):
            table[kind] = handler
            return handler
    return None
