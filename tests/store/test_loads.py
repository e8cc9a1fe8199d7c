"""Loads of workers' machines are kept for a day, a minute each."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs

from flamenco.logs import TaskLogs
from flamenco.model.load import GpuLoad, LoadSample
from flamenco.store import ForgetLoads, PutLoad, loads_of, newest_loads, open_reader, open_store

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SAMPLE = LoadSample(
    worker_id="anna", at=NOW, cpu=0.5, memory_mib=100, gpus=(GpuLoad(name="RTX", used=0.9),)
)


@asynccontextmanager
async def kept(tmp_path, *changes):
    path = tmp_path / "flamenco.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store, open_reader(path) as reader:
        await store.commit(changes)
        yield reader.ask


def at(minutes: float, **changes) -> PutLoad:
    return PutLoad(attrs.evolve(SAMPLE, at=NOW + minutes * MINUTE, **changes))


async def test_a_minute_has_one_sample_the_last_that_was_recorded(tmp_path):
    later = attrs.evolve(SAMPLE, cpu=0.75)
    async with kept(tmp_path, PutLoad(SAMPLE), PutLoad(later)) as ask:
        assert await ask(lambda db: loads_of(db, "anna", NOW)) == [later]


async def test_samples_of_a_day_are_told_in_their_order(tmp_path):
    changes = [at(-1), at(-24 * 60 - 1), at(0), at(-24 * 60), at(60), at(0, worker_id="bert")]
    async with kept(tmp_path, *changes) as ask:
        found = await ask(lambda db: loads_of(db, "anna", NOW))
    assert [(each.at - NOW) / MINUTE for each in found] == [-24 * 60, -1, 0]


async def test_only_what_was_told_just_now_is_what_a_machine_does(tmp_path):
    changes = [at(-1, cpu=0.1), at(-3, worker_id="bert"), at(0), at(0, worker_id="carl")]
    async with kept(tmp_path, *changes) as ask:
        found = await ask(lambda db: newest_loads(db, ["anna", "bert"], NOW))
    assert found == {"anna": SAMPLE}


async def test_what_is_old_or_of_a_time_to_come_is_forgotten(tmp_path):
    changes = [at(-24 * 60 - 1), at(-24 * 60), at(0), at(60), ForgetLoads(NOW)]
    async with kept(tmp_path, *changes) as ask:
        (number,) = await ask(lambda db: db.execute("SELECT count(*) FROM loads").fetchone())
    assert number == 2
