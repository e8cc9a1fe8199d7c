"""Of a job's history the newest entries are kept, and equal ones soon after each other are one."""

from datetime import UTC, datetime, timedelta

import attrs

from flamenco.logs import TaskLogs
from flamenco.model.happenings import MOST_HAPPENINGS, TOGETHER_SECONDS, Happening, Kind
from flamenco.model.jobs import Job
from flamenco.store import InsertJob, PutHappening, history_of, open_reader, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job(id="j", name="j", type="t", created=NOW, updated=NOW)
ENTRY = Happening(job_id="j", at=NOW, kind=Kind.REQUEST, what="setpriority", detail="1")


async def kept(tmp_path, *entries: Happening) -> list[Happening]:
    path = tmp_path / "flamenco.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store, open_reader(path) as reader:
        await store.commit([InsertJob(JOB), *map(PutHappening, entries)])
        return [*await reader.ask(lambda db: history_of(db, "j"))]


async def test_the_newest_thousand_are_kept(tmp_path):
    entries = [attrs.evolve(ENTRY, detail=str(each)) for each in range(MOST_HAPPENINGS + 5)]
    assert await kept(tmp_path, *entries) == entries[:4:-1]


async def test_equal_ones_count_together_unless_a_minute_lies_between(tmp_path):
    soon, late = (timedelta(seconds=TOGETHER_SECONDS * each) for each in (1, 1.1))
    entries = [ENTRY, attrs.evolve(ENTRY, at=NOW + soon), attrs.evolve(ENTRY, at=NOW + late)]
    found = await kept(tmp_path, *entries)
    assert [(each.at, each.count) for each in found] == [(NOW + late, 1), (NOW, 2)]


async def test_an_entry_of_a_job_that_is_gone_is_left_out(tmp_path):
    assert await kept(tmp_path, attrs.evolve(ENTRY, job_id="other")) == []
