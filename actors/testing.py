"""Tools for tests of actors: virtual time, repeatable schedules, probes, injected faults.

    run(main, seed=7)      virtual time, and the same order of tasks for the same seed
    play(Lamp, "on")       one actor by itself, told some messages
    Probe(system)          an actor that a test speaks through and listens with
    Faults().crash(...)    given to `ActorSystem(around=...)`: crash, delay or drop messages

Trio shuffles runnable tasks on purpose, with a generator that nothing documented can seed. `run`
seeds it here, in one place, and restores it. Under virtual time nothing depends on how fast the
machine is: a turn of the message loop is measured by the virtual clock as well.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs
import trio
from trio._core import _run as _trio_run
from trio.testing import MockClock

from actors.actor import Actor
from actors.commit import MemoryStore, ReplyLater
from actors.loop import handles
from actors.mail import Call
from actors.system import ActorSystem

if TYPE_CHECKING:
    from actors.loop import Handler
    from actors.mail import ActorRef

T = TypeVar("T")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make Trio's order of runnable tasks depend on nothing but this seed.

    >>> with seeded(7):
    ...     pass
    """
    module: Any = _trio_run
    allowed, state = module._ALLOW_DETERMINISTIC_SCHEDULING, module._r.getstate()
    module._ALLOW_DETERMINISTIC_SCHEDULING = True
    module._r.seed(seed)
    try:
        yield
    finally:
        module._ALLOW_DETERMINISTIC_SCHEDULING = allowed
        module._r.setstate(state)


def run(async_fn: Callable[..., Awaitable[T]], *args: object, seed: int = 0) -> T:
    """`trio.run` in virtual time, with the order of tasks given by the seed.

    >>> import trio
    >>> async def main():
    ...     await trio.sleep(3600)
    ...     return trio.current_time()
    >>> run(main)
    3600.0
    """
    with seeded(seed):
        return trio.run(async_fn, *args, clock=MockClock(autojump_threshold=0))


def play(cls: type[Actor], *messages: object, args: tuple[object, ...] = ()) -> None:
    """Run one actor by itself in virtual time: tell it the messages, let a day pass, shut down.

    Its name is that of the class in lower case; the store is a `MemoryStore`.

    >>> import actors
    >>> class Lamp(actors.Actor):
    ...     @actors.handles(str)
    ...     def show(self, message):
    ...         print(self.path, message)
    >>> play(Lamp, "on", "off")
    /lamp on
    /lamp off
    """

    async def main() -> None:
        async with ActorSystem(store=MemoryStore()) as system:
            ref = system.spawn(cls, *args, name=cls.__name__.lower())
            for message in messages:
                ref.tell(message)
            await trio.sleep(86_400)

    run(main)


class Probe:
    """An actor for tests: give its `ref` to others and `expect` what they send.

    >>> import actors
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         probe = Probe(system)
    ...         probe.ref.tell("hello")
    ...         print(await probe.expect(str))
    ...         await probe.expect_nothing(within=1.0)
    >>> run(main)
    hello
    """

    def __init__(self, system: ActorSystem, name: str | None = None) -> None:
        self._send, self._receive = trio.open_memory_channel[tuple[object, ReplyLater | None]](
            100_000
        )
        self._later: ReplyLater | None = None
        self.ref: ActorRef = system.spawn(_ProbeActor, self, name=name)

    def take(self, message: object, later: ReplyLater | None) -> None:
        """A message has arrived."""
        self._send.send_nowait((message, later))

    async def expect(self, kind: type[T], within: float = 1.0) -> T:
        """The next message, which must be of this class and come within ``within`` seconds.

        Raises:
            AssertionError: another message or none came.

        >>> import actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         probe = Probe(system)
        ...         probe.ref.tell("hello")
        ...         await probe.expect(int)
        >>> run(main)
        Traceback (most recent call last):
            ...
        AssertionError: expected a int, got 'hello'
        """
        with trio.move_on_after(within):
            message, self._later = await self._receive.receive()
            if not isinstance(message, kind):
                wrong = f"expected a {kind.__name__}, got {message!r}"
                raise AssertionError(wrong)  # noqa: TRY004 - the failure of a test
            return message
        raise AssertionError(f"expected a {kind.__name__} within {within:g} s, nothing came")

    async def expect_nothing(self, within: float = 1.0) -> None:
        """Wait for ``within`` seconds, in which no message may come.

        Raises:
            AssertionError: one came.

        >>> import actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         probe = Probe(system)
        ...         probe.ref.tell("hello")
        ...         await probe.expect_nothing()
        >>> run(main)
        Traceback (most recent call last):
            ...
        AssertionError: expected nothing for 1 s, got 'hello'
        """
        with trio.move_on_after(within):
            message, _ = await self._receive.receive()
            raise AssertionError(f"expected nothing for {within:g} s, got {message!r}")

    def reply(self, value: object) -> None:
        """Answer the ask that `expect` returned last.

        >>> import trio, actors
        >>> class Add(actors.Request[int]):
        ...     pass
        >>> async def main():
        ...     async with actors.ActorSystem() as system, trio.open_nursery() as nursery:
        ...         probe = Probe(system)
        ...         async def ask():
        ...             print(await probe.ref.ask(Add()))
        ...         nursery.start_soon(ask)
        ...         await probe.expect(Add)
        ...         probe.reply(3)
        >>> run(main)
        3
        """
        if self._later is None:
            raise AssertionError("the message expected last was told, not asked")
        self._later(value)


class _ProbeActor(Actor):
    """Hands everything to the test."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    @handles(object)
    def take(self, message: object) -> None:
        asked = isinstance(self._cell.life_of(self).current, Call)
        self._probe.take(message, self.defer_reply() if asked else None)


@attrs.define
class _Fault:
    """One rule: what happens to which message."""

    effect: Literal["crash", "delay", "drop"]
    path: str
    message: type
    at: int | None
    chance: float
    error: Exception
    seconds: float
    seen: int = 0

    def strikes(self, path: str, message: object, random: Random) -> bool:
        """Count a message; True if the fault happens to it."""
        if not isinstance(message, self.message) or not fnmatch.fnmatch(path, self.path):
            return False
        self.seen += 1
        if self.at is not None:
            return self.seen == self.at
        return random.random() < self.chance


class InjectedFault(Exception):
    """Default error that `Faults.crash` lets a handler raise.

    >>> raise InjectedFault("/jobs/7")
    Traceback (most recent call last):
    actors.testing.InjectedFault: /jobs/7
    """


class Faults:
    """Makes handlers crash, be late or never see their message: `ActorSystem(around=faults)`.

    Each rule counts the messages that match its `path` (with wildcards) and message class, and
    strikes `at` the n-th, or at each with a `chance` drawn from the seed.

    >>> import actors
    >>> class Echo(actors.Actor):
    ...     @actors.handles(str)
    ...     def echo(self, message):
    ...         print(message)
    >>> async def main():
    ...     faults = Faults().drop("/echo", at=2)
    ...     async with actors.ActorSystem(around=faults) as system:
    ...         echo = system.spawn(Echo, name="echo")
    ...         for word in ("one", "two", "three"):
    ...             echo.tell(word)
    >>> run(main)
    one
    three
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - must be repeatable
        self._faults: list[_Fault] = []

    def crash(
        self,
        path: str = "*",
        message: type = object,
        *,
        at: int | None = None,
        chance: float = 1.0,
        error: Exception | None = None,
    ) -> Faults:
        """The handler raises `error` instead of handling the message.

        >>> Faults().crash("/jobs/*", at=3, error=KeyError("x")) is not None
        True
        """
        return self._add("crash", path, message, at, chance, error or InjectedFault(path))

    def drop(
        self,
        path: str = "*",
        message: type = object,
        *,
        at: int | None = None,
        chance: float = 1.0,
    ) -> Faults:
        """The message vanishes; an ask is never answered.

        >>> Faults(seed=1).drop("/jobs/*", chance=0.1) is not None
        True
        """
        return self._add("drop", path, message, at, chance)

    def delay(
        self,
        seconds: float,
        path: str = "*",
        message: type = object,
        *,
        at: int | None = None,
        chance: float = 1.0,
    ) -> Faults:
        """The actor takes so many seconds longer over the message.

        >>> Faults().delay(2.5, "/jobs/*", at=1) is not None
        True
        """
        return self._add("delay", path, message, at, chance, seconds=seconds)

    def _add(
        self,
        effect: Literal["crash", "delay", "drop"],
        path: str,
        message: type,
        at: int | None,
        chance: float,
        error: Exception | None = None,
        seconds: float = 0.0,
    ) -> Faults:
        fault = _Fault(effect, path, message, at, chance, error or InjectedFault(path), seconds)
        self._faults.append(fault)
        return self

    def __call__(self, handler: Handler) -> Handler:
        """Wrap a handler; called by the actor system."""

        def handle(actor: Actor, message: object) -> object:
            cell = actor._cell
            struck = [f for f in self._faults if f.strikes(cell.path, message, self._random)]
            for fault in struck:
                if fault.effect == "crash":
                    raise fault.error
                if fault.effect == "drop":
                    if cell.life is not None and isinstance(cell.life.current, Call):
                        cell.life.current.held = True
                    return None
            seconds = sum(fault.seconds for fault in struck)
            return _late(handler, actor, message, seconds) if seconds else handler(actor, message)

        return handle


async def _late(handler: Handler, actor: Actor, message: object, seconds: float) -> object:
    await trio.sleep(seconds)
    result = handler(actor, message)
    return await result if isinstance(result, Awaitable) else result
