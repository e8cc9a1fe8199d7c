"""Crashes of a running Manager: after each it starts anew in its process, or says that it won't."""

import logging
from collections import deque
from collections.abc import Iterator

import attrs
import trio

from flamenco.cli.errors import CommandError, sentence
from flamenco.store import DamagedDatabase

logger = logging.getLogger(__name__)

MOST = 5
"""Number of crashes within the time below after which the Manager starts anew."""

WITHIN_SECONDS = 600.0

FIRST_PAUSE_SECONDS = 1.0
"""Pause after the first of them; it doubles with each."""


@attrs.define
class Crashes:
    """The latest crashes of one Manager, by Trio's clock."""

    _times: deque[float] = attrs.field(factory=deque)

    @property
    def happened(self) -> bool:
        """True if the Manager has crashed and should start again."""
        return bool(self._times)

    def pause_after(self, error: Exception) -> float:
        """Seconds to wait until the Manager starts anew that has ended by ``error``.

        Raises `CommandError` if it is not to: its database is damaged, or it crashed too often.
        """
        damage = next((each for each in _single(error) if isinstance(each, DamagedDatabase)), None)
        if damage is not None:
            raise CommandError(f"the Manager has ended and won't start again: {damage}") from error
        now = trio.current_time()
        self._times.append(now)
        while self._times[0] <= now - WITHIN_SECONDS:
            self._times.popleft()
        count, minutes = len(self._times), WITHIN_SECONDS / 60
        if count > MOST:
            raise CommandError(
                f"the Manager has crashed {count} times within {minutes:g} minutes and won't start "
                f"again; at last: {_said(error)}"
            ) from error
        pause = FIRST_PAUSE_SECONDS * 2.0 ** (count - 1)
        logger.critical(
            "the Manager has crashed and starts anew in %g s (crash %d of at most %d within %g "
            "minutes): %s",
            pause,
            count,
            MOST,
            minutes,
            _said(error),
            exc_info=error,
        )
        return pause


def _said(error: Exception) -> str:
    """An error in one line."""
    first = next(_single(error))
    return sentence(error) or " ".join(f"{type(first).__name__}: {first}".split())


def _single(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group and its groups, or the one that it is."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _single(each)
    else:
        yield error
