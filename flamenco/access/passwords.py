"""Passwords: their hashes by Argon2id, made one at a time in a thread behind all others.

19 MiB and two passes are the least that OWASP's cheat sheet on storing passwords asks for; one hash
takes some 20 ms of a processor.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import attrs
import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_NICENESS = 19
"""That of the thread, where threads have one: the event loop and its answers go first."""

MOST_WAITING = 20
"""Maximum number of passwords that wait to be hashed."""


class TooManyPasswords(Exception):
    """Too many passwords wait to be checked: another one has to come again."""


@attrs.define(eq=False)
class Passwords:
    """Where passwords are hashed and checked. Raises `TooManyPasswords`."""

    _thread: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def hashed(self, password: str) -> str:
        """The hash of a password, with a salt of its own."""
        self._check_room()
        return await self._aside(lambda: _HASHER.hash(password))

    async def fits(self, password: str, stored: str) -> bool:
        """True if a stored hash is that of the password; if none is stored, it never is."""
        self._check_room()
        return await self._aside(lambda: _fits(password, stored))

    async def _aside(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(_behind_others, work, limiter=self._thread)

    def _check_room(self) -> None:
        if self._thread.statistics().tasks_waiting >= MOST_WAITING:
            raise TooManyPasswords("many people sign in just now: try again in a few seconds")


def _fits(password: str, stored: str) -> bool:
    nobodys = _nobodys()
    try:
        return _HASHER.verify(stored or nobodys, password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """Hash that is checked if there is no such user, so that the answer takes as long."""
    return _HASHER.hash("")


def _behind_others(work: Callable[[], T]) -> T:
    """Result of work in a thread that gives way; one of Trio's could never be as before again."""
    with ThreadPoolExecutor(1, initializer=_give_way) as thread:
        return thread.submit(work).result()


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere, niceness is that of the process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
