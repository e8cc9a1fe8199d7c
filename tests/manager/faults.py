"""Faults that tests put into a farm: handlers that always raise, rows that can't be read."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import wraps
from pathlib import Path
from random import Random
from typing import Any

import attrs

from actors.testing import run
from tests.simulation.instant import instant


def in_virtual_time(scene: Callable[..., Any]) -> Callable[..., None]:
    """A test of this scene, which is played under virtual time, with a real database."""

    @wraps(scene)
    def test(**fixtures: Any) -> None:
        with instant(Random(1)):
            run(lambda: scene(**fixtures), seed=1)

    return test


class Poisoned(Exception):
    """The error that a poisoned handler raises."""


@attrs.define
class Poison:
    """Put around the handlers of a farm; each `add` poisons one message of one actor."""

    _rules: set[tuple[type, str, type]] = attrs.field(factory=set)
    raised: int = 0

    def add(self, actor: type, name: str, message: type) -> None:
        """From now on the actor with this name raises at each message of this class."""
        self._rules.add((actor, name, message))

    def clear(self) -> None:
        """Nothing raises any more."""
        self._rules.clear()

    def __call__(self, handler: Callable[..., object]) -> Callable[..., object]:
        def handle(actor: Any, message: object) -> object:
            if (type(actor), actor.name, type(message)) in self._rules:
                self.raised += 1
                raise Poisoned(f"{type(message).__name__} is poison")
            return handler(actor, message)

        return handle


def damage(folder: Path, statement: str, *values: object) -> None:
    """Write into the database of a farm what no farm writes there."""
    with closing(sqlite3.connect(folder / "flamenco-manager.sqlite")) as connection, connection:
        assert connection.execute(statement, values).rowcount
