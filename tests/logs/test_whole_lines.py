"""A log is what was acknowledged, whatever lies in its file."""

import pytest

from flamenco.logs import TaskLogs


@pytest.fixture
def logs(tmp_path):
    return TaskLogs(tmp_path)


@pytest.fixture
def file(logs):
    return logs.root / logs.relative("j1", "t1")


def test_a_log_goes_on_where_the_database_says(logs, file):
    logs.append("j1", "t1", 0, b"one\n")
    logs.append("j1", "t1", 4, b"two\n")
    assert file.read_bytes() == b"one\ntwo\n"


def test_what_a_crash_left_beyond_that_is_cut_off(logs, file):
    logs.append("j1", "t1", 0, b"one\n")
    logs.append("j1", "t1", 4, b"a long line of which the database knows nothing\n")
    logs.append("j1", "t1", 4, b"two\n")
    assert file.read_bytes() == b"one\ntwo\n"


async def test_the_tail_of_a_log_begins_with_a_whole_line(logs):
    lines = [f"line {number}\n" for number in range(1000)]
    logs.append("j1", "t1", 0, "".join(lines).encode())
    tail = await logs.tail("j1", "t1")
    assert 2000 < len(tail) <= 2048
    assert "".join(lines).endswith(tail)
    assert tail.splitlines(keepends=True)[0] in lines


async def test_a_log_that_is_not_there_has_neither_tail_nor_size(logs):
    assert await logs.tail("j1", "t1") is None
    assert await logs.size("j1", "t1") is None
    logs.append("j1", "t1", 0, b"one\n")
    assert await logs.tail("j1", "t1") == "one\n"
    assert await logs.size("j1", "t1") == 4


def test_there_is_a_log_as_soon_as_there_is_a_folder_of_a_job(logs):
    assert not logs.has_any()
    logs.append("j1", "t1", 0, b"one\n")
    assert logs.has_any()
