"""Patience of tests: the time they wait for something, and the ways to wait."""

from typing import Any

import trio

PATIENCE = 180.0
"""Seconds after which a slow machine counts as one where nothing will come."""


async def until(question: Any, seconds: float = PATIENCE) -> Any:
    """The first answer of a question, asynchronous or not, that is true."""
    with trio.fail_after(seconds):
        while True:
            answer = question()
            if hasattr(answer, "__await__"):
                answer = await answer
            if answer:
                return answer
            await trio.sleep(0.02)
