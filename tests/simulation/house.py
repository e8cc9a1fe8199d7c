"""The Manager's machine: its clock, its disk, its files, and whether it runs at all."""

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs
import trio

from flamenco import clock
from flamenco.manager.farm import Farm

logger = logging.getLogger(__name__)

PLENTY = 1 << 30
"""Pages of a disk with space."""
CORRECTIONS = (-86_400, -3600, -40, 5, 40, 3600, 86_400)
"""Seconds by which a clock is put forward or back."""
STALLS = (3, 30, 300)
"""Seconds for which the machine stands still."""


@attrs.define(eq=False)
class House:
    """What happens to the machine on which the Manager runs."""

    folder: Path
    database: Path
    random: Random
    farm: Callable[[], Farm | None]
    """The Manager that runs at the moment."""
    stood_still: float = 0.0
    """Seconds of all stalls."""
    _unwritable: float = 0.0
    """Seconds of all the time in which nothing could be stored."""

    def awake_time(self) -> float:
        """Trio's time in seconds, as long as this machine runs."""
        return trio.current_time() - self.stood_still

    def working_time(self) -> float:
        """Time in seconds in which the farm could go on, from one call to another after a fault."""
        return self.awake_time() - self._unwritable

    @contextmanager
    def _nothing_stored(self) -> Iterator[None]:
        began = self.awake_time()
        try:
            yield
        finally:
            self._unwritable += self.awake_time() - began

    async def fill_disk(self) -> None:
        """Leave the database no space for a while, or until the Manager ends."""
        farm = self.farm()
        if farm is not None:
            with suppress(sqlite3.ProgrammingError):  # the store was closed meanwhile
                await farm.store.limit_pages(await farm.store.pages() + self.random.randrange(3))
                logger.info("the disk is full")
                with self._nothing_stored():
                    await trio.sleep(self.random.random() * 40)
                await farm.store.limit_pages(PLENTY)
                logger.info("the disk has space again")

    async def make_room(self) -> None:
        """See to it that the disk has space, and the database is at its place."""
        self.bring_back()
        farm = self.farm()
        if farm is not None:
            with suppress(sqlite3.ProgrammingError):
                await farm.store.limit_pages(PLENTY)

    async def correct_clock(self) -> None:
        """Put the clock forward or back."""
        seconds = self.random.choice(CORRECTIONS)
        logger.info("the clock is put by %d s", seconds)
        clock.set_wall_time(clock.now() + timedelta(seconds=seconds))

    async def stand_still(self) -> None:
        """Let time pass in which nothing runs here."""
        seconds = self.random.choice(STALLS)
        logger.info("the machine stands still for %d s", seconds)
        self.stood_still += seconds
        virtual: Any = trio.lowlevel.current_clock()
        virtual.jump(seconds)

    async def lose_database(self) -> None:
        """Move the database away for a while, at most until the Manager ends."""
        if self.farm() is not None and self.database.exists():
            logger.info("the database is gone")
            self.database.rename(self._away)
            with self._nothing_stored():
                await trio.sleep(self.random.random() * 40)
            self.bring_back()

    def bring_back(self) -> None:
        """Put the database back, if it is away."""
        if self._away.exists():
            self._away.replace(self.database)
            logger.info("the database is back")

    @property
    def _away(self) -> Path:
        return self.database.with_suffix(".away")

    async def lose_logs(self) -> None:
        """Delete the logs of some job for good."""
        folders = sorted(self.folder.rglob("job-*/*"))
        if folders:
            logger.info("logs are gone")
            shutil.rmtree(self.random.choice(folders))
