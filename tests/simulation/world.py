"""One simulated day: a farm, its workers, its people, and everything that goes wrong."""

import logging
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import attrs
import trio

import actors
from actors.testing import Faults, InjectedFault, run
from flamenco import clock
from flamenco.config.manager import ManagerConfig
from flamenco.manager.farm import Around, Farm, open_farm
from flamenco.model.specs import Specs
from flamenco.store import StoreError, UnreadableRow
from tests.compiling import in_this_process
from tests.simulation.endings import check_jobs, unfinished
from tests.simulation.fairness import idle_though_able
from tests.simulation.house import House
from tests.simulation.instant import instant
from tests.simulation.ledger import Ledger, Violation
from tests.simulation.nature import SCRIPT, TYPES, draw_job
from tests.simulation.people import People
from tests.simulation.poison import Poison, Spoilt
from tests.simulation.polling import PollingWorker
from tests.simulation.worker import SimulatedWorker

logger = logging.getLogger(__name__)

Machine = SimulatedWorker | PollingWorker

MORNING = datetime(2026, 3, 29, tzinfo=UTC)

STORM_SECONDS = 400.0
"""Seconds during which things go wrong."""
CALM_SECONDS = 7200.0
"""Seconds after which everything has come to its end."""
PATIENCE_SECONDS = 60.0
"""A worker that idles for so long though there is work was forgotten."""
TASK_TIMEOUT = 90.0
WORKER_TIMEOUT = 35.0


@attrs.frozen
class Troubles:
    """Frequencies of faults, drawn once for a seed, so that seeds differ in kind."""

    restarts: int
    crashes: float
    """The chance that an actor crashes over a message."""
    doubled: float
    overtaking: float
    cuts: float
    """The mean seconds between two things that happen to a worker."""
    full_disks: int
    meddling: float
    """The mean seconds between two moments in which people want something."""
    crowd: int
    """Number of them that do so at the same moment."""
    polling: float
    """The share of the workers that poll as Flamenco 3's do."""
    poisoned: int
    """Number of jobs whose handler begins to raise, and of services that crash five times."""
    spoilt: int
    """Number of cells that become unreadable."""
    corrections: int
    """Number of times that the clock of the Manager's machine is put forward or back."""
    stalls: int
    """Number of times that this machine stands still."""
    vanished: int
    """Number of times that the database is away for a while, and that logs are lost."""

    @classmethod
    def draw(cls, random: Random) -> "Troubles":
        choose = random.choice
        return cls(
            restarts=choose((0, 0, 1, 3)),
            crashes=choose((0.0, 0.0, 0.002, 0.02)),
            doubled=choose((0.0, 0.1, 0.5)),
            overtaking=choose((0.0, 0.0, 0.3)),
            cuts=choose((30.0, 120.0, 1e9)),
            full_disks=choose((0, 0, 0, 2)),
            meddling=choose((10.0, 60.0, 1e9)),
            crowd=choose((1, 1, 5)),
            polling=choose((0.0, 0.5, 1.0)),
            poisoned=choose((0, 0, 1, 2)),
            spoilt=choose((0, 0, 1, 3)),
            corrections=choose((0, 0, 1, 4)),
            stalls=choose((0, 0, 1, 3)),
            vanished=choose((0, 0, 1, 2)),
        )


@attrs.define(eq=False)
class World:
    """The parts of a simulation."""

    seed: int
    folder: Path
    nursery: trio.Nursery
    random: Random = attrs.field(init=False)
    troubles: Troubles = attrs.field(init=False)
    ledger: Ledger = attrs.field(init=False)
    people: People = attrs.field(init=False)
    poison: Poison = attrs.field(init=False)
    spoilt: Spoilt = attrs.field(init=False)
    house: House = attrs.field(init=False)
    workers: list[Machine] = attrs.field(factory=list)
    farm: Farm | None = None
    calm: bool = False
    over: bool = False
    managed: trio.Event = attrs.field(factory=trio.Event)
    _life: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    _stop: trio.Event = attrs.field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self.random = Random(self.seed)
        self.troubles = Troubles.draw(self.random)
        database = self.folder / "flamenco-manager.sqlite"
        self.house = House(self.folder, database, Random(self.seed + 4), lambda: self.farm)
        self.ledger = Ledger(database, self.house.awake_time)
        self.people = People(self.ledger, Random(self.seed + 1))
        self.poison = Poison(Random(self.seed + 2))
        self.spoilt = Spoilt(self.ledger.path, Random(self.seed + 3))

    # The Manager

    async def manage(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run one Manager after the other until the day is over."""
        scripts = self.folder / "scripts"
        scripts.mkdir()
        (scripts / "simulated.py").write_text(SCRIPT)
        while not self.over:
            self._stop = trio.Event()
            try:
                with trio.CancelScope() as self._life:
                    await self._one_manager(task_status)
            except* InjectedFault as group:
                raise Violation(f"one crash ended the Manager: {first(group)!r}") from group
            except* (actors.ActorError, StoreError) as group:
                logger.info("the Manager died: %r", group.exceptions[0])
            self.farm = None
            self.house.bring_back()
            for worker in self.workers:
                worker.cut()
            await trio.sleep(self.random.random() * 10)
        self.managed.set()

    async def _one_manager(self, task_status: trio.TaskStatus[None]) -> None:
        config = ManagerConfig(
            task_timeout=TASK_TIMEOUT, worker_timeout=WORKER_TIMEOUT, database_check_period=0.0
        )
        paths = config.paths(self.folder)
        chance = {"around": self._with_faults(), "random": Random(self.random.randrange(1 << 30))}
        async with open_farm(config, paths, compiling=in_this_process, **chance) as farm:
            if not self.ledger.watching:
                self.ledger.watch()
                task_status.started()
            await self.people.make_tag(farm)
            self.farm = farm
            logger.info("the Manager runs")
            await self._stop.wait()
            self.farm = None

    def _with_faults(self) -> Around:
        faults = Faults(self.random.randrange(1 << 30)).crash(chance=self.troubles.crashes)

        def around(handler: Callable[..., object]) -> Callable[..., object]:
            faulty = faults(self.poison(handler))
            return lambda actor, message: (handler if self.calm else faulty)(actor, message)

        return around

    def end_manager(self, *, kill: bool) -> None:
        """Let the Manager stop, or pull its plug."""
        logger.info("the Manager is to %s", "die" if kill else "stop")
        if kill:
            self.farm = None
            self._life.cancel()
        else:
            self._stop.set()

    # What happens

    def hire(self) -> None:
        """Two to five workers; the first can do everything."""
        for number in range(self.random.randint(2, 5)):
            types = self.random.sample(TYPES, self.random.randint(1, 3)) if number else TYPES
            memory = self.random.choice((8_000, 16_000)) if number else 64_000
            machine: dict[str, Any] = {
                "name": f"w{number}",
                "task_types": tuple(types),
                "specs": Specs(memory_mib=memory, cores=4),
                "random": Random(self.random.randrange(1 << 30)),
                "ledger": self.ledger,
                "manager": lambda: self.farm,
                "nursery": self.nursery,
            }
            if number and self.random.random() < self.troubles.polling:
                worker: Machine = PollingWorker(**machine)
            else:
                network = {"doubled": self.troubles.doubled, "overtaking": self.troubles.overtaking}
                worker = SimulatedWorker(**machine, **network)
            self.workers.append(worker)
            self.nursery.start_soon(worker.live)

    async def storm(self) -> None:
        """Work is submitted, people meddle, and things break, for a while."""

        troubles: tuple[tuple[int, Callable[[], Awaitable[None]]], ...] = (
            (self.random.randint(1, 4), self._submit),
            (self.troubles.restarts, self._restart),
            (self.troubles.full_disks, self.house.fill_disk),
            (self.troubles.poisoned, self._poison),
            (self.troubles.spoilt, self._spoil),
            (self.troubles.corrections, self.house.correct_clock),
            (self.troubles.stalls, self.house.stand_still),
            (self.troubles.vanished, self.house.lose_database),
            (self.troubles.vanished, self.house.lose_logs),
        )

        async with trio.open_nursery() as nursery:
            for number, trouble in troubles:
                for _ in range(number):
                    nursery.start_soon(self._at, self.random.random() * STORM_SECONDS, trouble)
            for worker in self.workers:
                nursery.start_soon(self._trouble, worker)
            nursery.start_soon(self._meddle)
            await trio.sleep(STORM_SECONDS)
            nursery.cancel_scope.cancel()

    async def _at(self, seconds: float, trouble: Callable[[], Awaitable[None]]) -> None:
        await trio.sleep(seconds)
        await trouble()

    async def _submit(self) -> None:
        if self.farm is not None:
            plan = draw_job(self.random, [worker.name for worker in self.workers])
            logger.info("somebody submits %s", plan)
            await self.people.submit(self.farm, plan)

    async def _restart(self) -> None:
        if self.farm is not None:
            self.end_manager(kill=self.random.random() < 0.7)

    async def _poison(self) -> None:
        if self.people.submitted:
            self.poison.poison(self.random.choice(sorted(self.people.submitted)))
        self.poison.shake()

    async def _spoil(self) -> None:
        self.spoilt.spoil()

    async def _trouble(self, worker: Machine) -> None:
        while True:
            await trio.sleep(self.random.expovariate(1 / self.troubles.cuts))
            match self.random.choice(("cut", "cut", "crash", "away")):
                case "cut":
                    worker.cut(noticed_after=self.random.choice((0.0, 0.5, 10.0)))
                case "crash":
                    worker.crash()
                case _:
                    worker.down = True
                    worker.cut(noticed_after=self.random.choice((0.0, 60.0)))
                    await trio.sleep(self.random.random() * 150)
                    worker.down = False

    async def _meddle(self) -> None:
        while True:
            await trio.sleep(self.random.expovariate(1 / self.troubles.meddling))
            async with trio.open_nursery() as crowd:
                for _ in range(self.troubles.crowd if self.farm is not None else 0):
                    crowd.start_soon(self.people.meddle, self.farm)

    async def settle(self) -> None:
        """No more faults: everything that was submitted comes to its end."""
        self.calm = True
        self.poison.cure()
        await self.house.make_room()
        self.spoilt.mend()
        for worker in self.workers:
            worker.down = False
        deadline = trio.current_time() + CALM_SECONDS
        while (open_jobs := unfinished(self.ledger)) or self.farm is None:
            if trio.current_time() > deadline:
                raise Violation(f"these never ended: {open_jobs}")
            await trio.sleep(20)
            if self.farm is not None:
                await self.people.put_in_order(self.farm)
        await trio.sleep(2 * TASK_TIMEOUT)
        self.over = True
        self.end_manager(kill=False)
        await self.managed.wait()
        self.ledger.check()

    # What must hold meanwhile

    async def watch(self) -> None:
        """Check what reaches the disk, and that nobody idles while work waits."""
        hungry_since: float | None = None
        while True:
            await trio.sleep(1.0)
            self.ledger.check()
            found = idle_though_able(self.ledger.reader, self.workers) if self.farm else None
            if found is None:
                hungry_since = None
            elif hungry_since is None:
                hungry_since = self.house.working_time()
            elif self.house.working_time() - hungry_since > PATIENCE_SECONDS:
                raise Violation(f"{found[0]} idles, and could run {found[1]}")


async def live(seed: int, folder: Path) -> World:
    """Let a day pass. Raises `Violation`, perhaps in a group."""
    clock.set_wall_time(MORNING)
    async with trio.open_nursery() as nursery:
        world = World(seed, folder, nursery)
        logger.info("%s", world.troubles)
        await nursery.start(world.manage)
        world.hire()
        nursery.start_soon(world.watch)
        await world.storm()
        logger.info("the storm is over")
        await world.settle()
        nursery.cancel_scope.cancel()
    world.ledger.check_end()
    check_jobs(world.ledger, world.people)
    return world


def simulate(seed: int) -> None:
    """One seed, from its beginning to its end. Raises `Violation` when a promise is broken."""
    random = Random(~seed)
    memory = Path("/dev/shm")  # noqa: S108 - as every commit waits for the disk
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        instant(random),
        no_surprise() as surprises,
    ):
        try:
            run(live, seed, Path(folder), seed=seed)
        except* Violation as group:
            raise Violation(str(first(group))) from group
    if surprises:
        raise Violation(f"unexpected: {surprises[0]}")


def first(error: BaseException) -> BaseException:
    """The error, or the first of a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Surprises(logging.Handler):
    """Gathers what actors crashed of, unless the simulation made it happen."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(
            error, (InjectedFault, actors.ActorError, StoreError, UnreadableRow)
        ):
            self.found.append(
                f"{record.getMessage()}\n{logging.Formatter().formatException(record.exc_info)}"
            )  # type: ignore[arg-type]


@contextmanager
def no_surprise() -> Iterator[list[str]]:
    """Errors of actors that crashed without being made to."""
    handler, log = _Surprises(), logging.getLogger("actors")
    log.addHandler(handler)
    try:
        yield handler.found
    finally:
        log.removeHandler(handler)
