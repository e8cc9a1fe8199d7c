"""Passwords: their hashes by Argon2id, made one at a time in a thread.

19 MiB and two passes are the least that OWASP's cheat sheet on storing passwords asks for; one hash
takes some 20 ms of a processor, so others hardly notice.
"""

import attrs
import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_NOBODYS = _HASHER.hash("")
"""Hash that is checked if there is no such user, so that the answer takes as long."""

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
        return await trio.to_thread.run_sync(_HASHER.hash, password, limiter=self._thread)

    async def fits(self, password: str, stored: str) -> bool:
        """True if a stored hash is that of the password; if none is stored, it never is."""
        self._check_room()
        hashed = stored or _NOBODYS
        same = await trio.to_thread.run_sync(_fits, password, hashed, limiter=self._thread)
        return same and bool(stored)

    def _check_room(self) -> None:
        if self._thread.statistics().tasks_waiting >= MOST_WAITING:
            raise TooManyPasswords("many people sign in just now: try again in a few seconds")


def _fits(password: str, hashed: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
