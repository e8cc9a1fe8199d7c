"""How much mail an actor takes, and what happens to more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from trio.lowlevel import Task

Overflow = Literal["refuse", "drop_oldest", "wait"]


def _at_least_one(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 1:
        raise ValueError(f"Mailbox.{attribute.name} must be at least 1, got {value}")


def _known_policy(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if value not in ("refuse", "drop_oldest", "wait"):
        raise ValueError(
            f"Mailbox.{attribute.name} must be 'refuse', 'drop_oldest' or 'wait', got {value!r}"
        )


@attrs.frozen
class Mailbox:
    """The size of an actor's mailbox and its policy when full.

    `overflow` says what a full mailbox does with one more message:

    - "refuse": `tell` and `ask` raise `MailboxFull`; `send` waits for room.
    - "drop_oldest": the oldest message becomes a dead letter (its asker gets `MailboxFull`).
    - "wait": `ask` and `send` wait for room; `tell`, which never waits, raises `MailboxFull`.

    What the runtime itself delivers (timers, `Terminated`, results of background work) always fits.

    >>> import actors
    >>> class Log(actors.Actor):
    ...     mailbox = actors.Mailbox(capacity=100, overflow="drop_oldest")
    """

    capacity: int = attrs.field(default=10_000, validator=_at_least_one)
    overflow: Overflow = attrs.field(default="refuse", validator=_known_policy)


class Sender:
    """A message that waits for room; `task` is its sender's, None for an ask (it waits anyway)."""

    __slots__ = ("message", "task")

    def __init__(self, message: object, task: Task | None) -> None:
        self.message = message
        self.task = task
