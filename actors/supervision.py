"""Rules, as data, for a parent whose child has crashed, and the count of restarts.

The ideas are Erlang's: a crash restarts the smallest part that can recover; too many restarts
within a while are the supervisor's own failure, and its supervisor decides about that. What
differs: children are not restarted by a message to the parent. The child's own task consults the
parent's rules, so a supervisor busy in a long handler does not hold up its children's recovery.

All errors inside an `ExceptionGroup` are judged, and the gravest verdict holds. `Cancelled` is no
error and is never judged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import attrs

from actors.errors import leaves
from actors.messages import Exit

if TYPE_CHECKING:
    from random import Random

    from actors.cell import Cell

Directive = Literal["resume", "restart", "stop", "escalate"]
Restart = Literal["transient", "temporary"]
Beyond = Literal["escalate", "stop", "park"]
Ending = Literal["together", "in_turn"]

GRAVITY: Mapping[Directive, int] = {"resume": 0, "restart": 1, "stop": 2, "escalate": 3}


@attrs.frozen
class Backoff:
    """Wait before a restart: `initial`, then times `factor`, up to `maximum` seconds.

    Each wait is spread by `jitter` (0.1 = plus or minus 10 %), so that many children that crashed
    together do not come back together. A child that then lives for `maximum` seconds starts at
    `initial` again. A stop cuts the wait short.

    >>> from random import Random
    >>> backoff = Backoff(initial=1.0, maximum=5.0, factor=2.0, jitter=0.0)
    >>> [backoff.delay(crash, Random(1)) for crash in (1, 2, 3, 4)]
    [1.0, 2.0, 4.0, 5.0]
    """

    initial: float = 0.1
    maximum: float = 30.0
    factor: float = 2.0
    jitter: float = 0.1

    def delay(self, crash: int, random: Random) -> float:
        """Seconds to wait after the n-th crash in a row (from 1).

        >>> from random import Random
        >>> 0.9 <= Backoff(initial=1.0, jitter=0.1).delay(1, Random(7)) <= 1.1
        True
        """
        # 2 ** 1024 is beyond a float; from 64 doublings on the maximum holds anyway
        grown = self.initial * self.factor ** min(crash - 1, 64)
        return min(grown, self.maximum) * random.uniform(1 - self.jitter, 1 + self.jitter)


@attrs.frozen
class Supervision:
    """Rules by which an actor supervises its children.

    - `max_restarts` of one child within `within` seconds; no child counts for another.
    - `beyond`: what one restart more is: the actor's own failure ("escalate"), the end of that
      child alone ("stop"), which those who watch it are told, or a pause of that child ("park").
    - `pause`: how long a parked child pauses. It grows with each time that the child, tried again,
      crashes within `within` seconds; meanwhile its mail is refused.
    - `backoff`: how long to wait before a restart, None for not at all.
    - `decide`: error class -> "resume" (drop the message, keep the state), "restart", "stop" or
      "escalate"; the nearest class in the error's ancestry counts, "restart" if none is listed.
      A function of the error does as well.
    - `patience`: errors of a failed commit that may last, as that of a full disk does: the child
      tries again however often. Any other error of a commit counts as a crash.
    - `ending`: how the children end with their parent: all at once ("together"), or one after
      another, last started first ("in_turn"), where each needs those that started before it.

    >>> rules = Supervision(decide={ValueError: "resume", Exception: "escalate"})
    >>> rules.directive(ValueError("odd")), rules.directive(KeyError("x"))
    ('resume', 'escalate')
    """

    max_restarts: float = 3
    within: float = 5.0
    backoff: Backoff | None = None
    decide: Mapping[type[Exception], Directive] | Callable[[Exception], Directive] = attrs.field(
        factory=dict
    )
    beyond: Beyond = "escalate"
    pause: Backoff = Backoff(initial=10.0, maximum=300.0)
    patience: tuple[type[Exception], ...] = (Exception,)
    ending: Ending = "together"

    def directive(self, error: Exception) -> Directive:
        """The directive for this error; for a group, the gravest verdict on its members.

        >>> Supervision(decide={KeyError: "stop"}).directive(
        ...     ExceptionGroup("two", [ValueError(), KeyError()]))
        'stop'
        """
        return max(map(self._verdict, leaves(error)), key=GRAVITY.__getitem__)

    def resumes(self, error: Exception) -> bool:
        """True if a handler's error only drops the message. A `decide` that raises says no.

        >>> Supervision(decide={ValueError: "resume"}).resumes(ValueError())
        True
        """
        try:
            return bool(self.decide) and self.directive(error) == "resume"
        except Exception:  # noqa: BLE001 - `judge_crash` asks again, and escalates what it raises
            return False

    def _verdict(self, error: Exception) -> Directive:
        if callable(self.decide):
            return self.decide(error)
        for kind in type(error).__mro__:
            if kind in self.decide:
                return self.decide[kind]
        return "restart"


class Mishaps:
    """The crashes of one child: when it was restarted, as far back as `within` reaches."""

    __slots__ = ("_in_a_row", "_pauses", "_times")

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._in_a_row = 0
        self._pauses = 0  # since it last lived for longer than `within`

    def allows(self, rules: Supervision, lived: float, now: float) -> bool:
        """Count a restart; False if it is one too many, or the life after a pause was short."""
        times = self._times
        if lived > rules.within:
            self._pauses = 0
        if self._pauses:
            return False
        while times and times[0] <= now - rules.within:
            times.popleft()
        if len(times) >= rules.max_restarts:
            return False
        times.append(now)
        return True

    def wait(self, backoff: Backoff, lived: float, random: Random) -> float:
        """Seconds to wait before the next life, after one that lasted `lived`."""
        self._in_a_row = self._in_a_row + 1 if lived <= backoff.maximum else 1
        return backoff.delay(self._in_a_row, random)

    def pause(self, backoff: Backoff, random: Random) -> float:
        """Seconds for which the child is parked now."""
        self._pauses += 1
        return backoff.delay(self._pauses, random)


@attrs.frozen
class Verdict:
    """The step after the end of a life, and the exit that its hooks are told."""

    follows: Literal["life", "end", "escalate", "passive"]
    exit: Exit
    delay: float = 0.0
    parked: bool = False
    """The delay is a pause, in which the actor takes no mail."""

    @property
    def final(self) -> bool:
        """The actor, not just this life, has ended."""
        return self.follows in ("end", "escalate")


def judge_crash(cell: Cell, error: Exception) -> Verdict:
    """The supervisor's rules applied to a child whose life ended by this error."""
    parent = cell.parent
    if parent is None or parent.family is None:
        return Verdict("end", Exit("crashed", error))  # the system is closing
    rules = parent.rules
    directive, error = _directive(rules, error)
    why = Exit("crashed", error)
    if directive == "escalate":
        return Verdict("escalate", why)
    if directive == "stop" or cell.spec.restart == "temporary":
        return Verdict("end", why)
    mishaps, random = _mishaps(cell), cell.system.random
    if mishaps.allows(rules, _lived(cell), cell.system.deadlines.now()):
        return Verdict("life", why, _wait(cell, rules.backoff))
    error.add_note(
        f"{parent.path or 'the actor system'} allows a child {rules.max_restarts:g} restarts in "
        f"{rules.within:g} s; the crash of {cell.path} was one more"
    )
    if rules.beyond == "park" and cell.ref._limit >= 0:
        return Verdict("life", why, mishaps.pause(rules.pause, random), parked=True)
    return Verdict("escalate" if rules.beyond == "escalate" else "end", why)


def judge_rollback(cell: Cell, error: Exception) -> Verdict:
    """Another life after a failed commit, however often: a disk may be full for hours.

    With a back-off it waits before the next try. Without one, a life that fails by its start alone
    would be a busy loop, so it counts as a crash; so does an error for which there is no patience,
    and one that is to be escalated.
    """
    rules = _rules_of(cell)
    failed_at_start = cell.life is None or cell.life.handled_before == cell.figures.handled
    if (
        cell.spec.restart == "temporary"
        or (failed_at_start and rules.backoff is None)
        or not has_patience(cell, error)
        or (rules.decide and _directive(rules, error)[0] == "escalate")
    ):
        return judge_crash(cell, error)
    return Verdict("life", Exit("restarted", error), _wait(cell, rules.backoff))


def has_patience(cell: Cell, error: Exception) -> bool:
    """True if this error of a commit may last, and is no fault of what was to be stored."""
    return isinstance(error, _rules_of(cell).patience)


def _rules_of(cell: Cell) -> Supervision:
    return cell.parent.rules if cell.parent is not None else Supervision()


def _directive(rules: Supervision, error: Exception) -> tuple[Directive, Exception]:
    """The directive, and the error it is about: that of a `decide` function, if that fails."""
    try:
        return rules.directive(error), error
    except Exception as wrong:  # noqa: BLE001 - it decides nothing
        wrong.__context__ = error
        return "escalate", wrong


def _mishaps(cell: Cell) -> Mishaps:
    if cell.mishaps is None:
        cell.mishaps = Mishaps()
    return cell.mishaps


def _wait(cell: Cell, backoff: Backoff | None) -> float:
    if backoff is None:
        return 0.0
    return _mishaps(cell).wait(backoff, _lived(cell), cell.system.random)


def _lived(cell: Cell) -> float:
    return 0.0 if cell.life is None else cell.system.deadlines.now() - cell.life.began
