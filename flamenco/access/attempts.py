"""Limits of guesses: after some that failed, each further one has to wait longer."""

import attrs
import trio

FREE = 5
"""Number of guesses that may fail before the first pause."""

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 900.0
"""Seconds; each pause is twice as long as the one before it."""

MOST_KNOWN = 10_000
"""Maximum number of accounts and addresses that are remembered, the latest."""


class TooSoon(Exception):
    """Another guess is not heard yet; the text says for how many seconds."""


@attrs.define(eq=False)
class Attempts:
    """The guesses that failed lately, by what they were about or where they came from."""

    _failed: dict[str, tuple[int, float]] = attrs.field(factory=dict)
    """{account or address: number of failures, and when the next guess is heard}."""

    def begin(self, *about: str) -> None:
        """Count a guess as failed until it is known to be right. Raises `TooSoon`."""
        self._check(*about)
        now = trio.current_time()
        for each in about:
            count, until = self._failed.pop(each, (0, now))
            if now - until > LONGEST_PAUSE:
                count = 0
            pause = min(FIRST_PAUSE * 2.0 ** max(0, count + 1 - FREE), LONGEST_PAUSE)
            self._failed[each] = count + 1, now + (pause if count + 1 >= FREE else 0.0)
        while len(self._failed) > MOST_KNOWN:
            del self._failed[next(iter(self._failed))]

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of an account; of an address only this guess was none."""
        self._failed.pop(account, None)
        count, _ = self._failed.pop(address, (0, 0.0))
        if count > 1:
            self._failed[address] = count - 1, trio.current_time()

    def _check(self, *about: str) -> None:
        now = trio.current_time()
        wait = max(self._failed.get(each, (0, now))[1] - now for each in about)
        if wait > 0:
            raise TooSoon(f"too many wrong guesses: try again in {wait:.0f} s")
