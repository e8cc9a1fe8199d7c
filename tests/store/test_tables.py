"""What the rows of the database keep."""

import pytest

from flamenco.logs import TaskLogs
from flamenco.model.statuses import TaskStatus
from flamenco.store import InsertJob, InsertTasks, open_store
from flamenco.store.tables import to_sql
from tests.store.test_store import COMMANDS, JOB, NOW, TASKS


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a", "a"),
        (3, 3),
        (1.5, 1.5),
        (None, None),
        ((), "[]"),
        (("a", 1), '["a",1]'),
        (TaskStatus.ACTIVE, "active"),
        (NOW, NOW.isoformat()),
    ],
)
def test_numbers_and_texts_are_kept_as_they_are_and_others_as_json(value, kept):
    stored = to_sql(value)
    assert (stored, type(stored)) == (kept, type(kept))


async def test_no_task_is_stored_without_its_commands(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store:
        with pytest.raises(ValueError, match="shorter"):
            await store.commit([InsertJob(JOB), InsertTasks(TASKS, COMMANDS[:2])])
