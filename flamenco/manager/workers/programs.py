"""Programs that use a worker's credentials, of which there should be one."""

from math import inf

import attrs
import trio

MOST = 10
"""Maximum number of programs that are remembered, the last ones."""


@attrs.define(eq=False)
class Programs:
    """The programs that have shown the credentials of one worker.

    One that is started anew is another one, and that before it never comes back; of two that run at
    the same time, each comes back when the other one has taken its place.
    """

    within: float = inf
    """Seconds for which a program is remembered."""
    _seen: dict[str, float] = attrs.field(factory=dict)
    """{mark of a program: when it was last heard of}; the last one is the present one."""

    def come_back(self, mark: str) -> bool:
        """True if a program comes back after another one; one without a mark never does."""
        if not mark:
            return False
        now = trio.current_time()
        is_present = next(reversed(self._seen), mark) == mark
        last = self._seen.pop(mark, -inf)
        self._seen[mark] = now
        while len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]
        return not is_present and last > -inf and now - last <= self.within
