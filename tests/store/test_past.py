"""What the farm did is told from its attempts, few rows for many of them."""

import attrs
import pytest

from flamenco.model.jobs import Attempt
from flamenco.model.usage import Span, by_hours
from flamenco.store import InsertAttempt, InsertJob, InsertTasks
from flamenco.store.past import spans_since
from tests.store.test_lists import at, job, reader, task  # noqa: F401


async def test_what_a_farm_did_is_read_in_few_rows_and_is_what_its_attempts_were(reader):  # noqa: F811
    reader, commit = reader
    tasks = [task(number, frames=f"{number}") for number in range(170)]
    await commit([InsertJob(job(1)), InsertTasks(tasks, [()] * 170)])
    tries = [
        Attempt(
            task_id=f"j1-{n}",
            job_id="j1",
            lease=1,
            worker_id="w1",
            worker_name="anna",
            reason="",
            started=at(n * 25.25 - 600),
            ended=at(n * 50.75),
            ending="failed" if n % 7 == 0 else "completed",
        )
        for n in range(170)
    ]
    await commit([InsertAttempt(each) for each in tries])
    since, now = at(1800), at(9000)
    each = [
        Span(a.started, a.ended, int(a.ending == "completed"), failed=a.ending == "failed")
        for a in tries
    ]
    spans = await reader.ask(lambda db: spans_since(db, since, now))
    assert len(spans) < 20
    told, right = by_hours(spans, since, now), by_hours(each, since, now)
    for found, expected in zip(told, right, strict=True):
        assert attrs.astuple(found)[:4] == attrs.astuple(expected)[:4]
        assert found.busy_seconds == pytest.approx(expected.busy_seconds)
