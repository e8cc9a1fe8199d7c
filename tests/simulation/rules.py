"""Scenarios by name, and for each how to take away the rule that it shows.

A scenario is a function of `Scene`, which opens a farm under virtual time.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import attrs
import trio

from actors.testing import run
from flamenco import protocol
from tests.manager.conftest import PlayedWorker, Stage, stage_at
from tests.simulation.instant import instant


@attrs.frozen
class Scene:
    """Opens farms in a folder."""

    folder: Path

    def __call__(self, **config: Any) -> AbstractAsyncContextManager[Stage]:
        return stage_at(self.folder, **config)


Scenario = Callable[[Scene], Awaitable[None]]


@attrs.frozen
class Rule:
    """A scenario, and what stands in for the rule when it is taken away."""

    scenario: Scenario
    target: str
    instead: object

    @property
    def name(self) -> str:
        return self.scenario.__name__.replace("_", " ")

    def play(self, folder: Path, *, without: bool = False) -> None:
        """Play the scenario; ``without`` the rule."""
        with ExitStack() as stack:
            stack.enter_context(instant(Random(1)))
            if without:
                stack.enter_context(patch(self.target, self.instead))
            run(self._within_a_day, folder, seed=1)

    async def _within_a_day(self, folder: Path) -> None:
        with trio.fail_after(86_400):
            await self.scenario(Scene(folder))


RULES: list[Rule] = []


def shows(target: str, *, instead: object) -> Callable[[Scenario], Scenario]:
    """This scenario fails when ``target`` is replaced by something that knows no rule."""

    def note(scenario: Scenario) -> Scenario:
        RULES.append(Rule(scenario, target, instead))
        return scenario

    return note


def nothing(*_: object, **__: object) -> None:
    """The action of a rule that does not exist."""


def empty(*_: object, **__: object) -> list[object]:
    """The finding of a rule that does not exist."""
    return []


async def hears_nothing(*workers: PlayedWorker) -> None:
    """For a while no task comes."""
    await trio.sleep(5)
    for worker in workers:
        said: list[object] = []
        with suppress(trio.WouldBlock):
            while True:
                said.append(worker._pushed[1].receive_nowait())
        assert not [each for each in said if isinstance(each, protocol.Assign)]
