"""The door for people, which checks their passwords."""

import attrs

from flamenco.access.attempts import Attempts
from flamenco.access.passwords import Passwords
from flamenco.model.people import User
from flamenco.store import Reader, user_named
from web.askers import Unknown
from web.turns import address


@attrs.define(eq=False)
class PeopleDoor:
    """Where passwords are checked and hashed."""

    _reader: Reader
    passwords: Passwords = attrs.field(factory=Passwords)
    _attempts: Attempts = attrs.field(factory=Attempts)

    async def user(self, name: str, password: str) -> User:
        """The user with this name and password. Raises `Unknown`, `TooSoon`, `TooManyPasswords`."""
        account, where = f"account {name.casefold()}", f"address {address()}"
        self._attempts.begin(account, where)
        found = await self._reader.look(lambda db: user_named(db, name))
        right = await self.passwords.fits(password, found.password if found else "")
        if found is None or not right or found.disabled:
            raise Unknown
        self._attempts.succeeded(account, where)
        return found
