"""A task's log is what was committed of it; what a disk has lost of it is named there."""

import errno
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco import disks
from flamenco.logs import TaskLogs, files, once

JOB, TASK = "j1", "t1"


def log_of(folder: Path) -> tuple[TaskLogs, Path]:
    """The logs below a folder, and the place of the log that the tests write."""
    logs = TaskLogs(folder)
    return logs, folder / logs.relative(JOB, TASK)


def test_what_a_power_cut_took_from_a_log_is_named_there_once(tmp_path, caplog):
    logs, path = log_of(tmp_path)
    logs.append(JOB, TASK, 0, b"one\n" * 100)
    os.truncate(path, 22)
    logs.append(JOB, TASK, 400, b"two\n")
    logs.append(JOB, TASK, 404, b"three\n")
    content = path.read_bytes()
    assert b"\0" not in content
    assert content[400:] == b"two\nthree\n"
    assert list(once(content.decode().splitlines())) == [
        *5 * ["one"],
        "on",
        "[378 bytes of this log are lost, from byte 22 on]",
        "two",
        "three",
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "the log of task t1 has lost 378 bytes, and says so"
    ]


def test_no_folder_of_logs_is_made_where_that_of_all_logs_is_missing(tmp_path, caplog):
    logs, _ = log_of(tmp_path / "unmounted")
    assert logs.append(JOB, TASK, 0, b"line\n") is None
    assert "No such file or directory" in caplog.text
    assert not (tmp_path / "unmounted").exists()


@given(has=st.integers(0, 100), lost=st.integers(1, 5000), content=st.binary(min_size=1))
def test_whatever_is_lost_the_rest_lies_where_it_should(tmp_path_factory, has, lost, content):
    logs, path = log_of(tmp_path_factory.mktemp("logs"))
    logs.append(JOB, TASK, 0, b"." * has)
    logs.append(JOB, TASK, has + lost, content)
    found = path.read_bytes()
    assert (found[:has], found[has + lost :]) == (b"." * has, content)
    assert b"\0" not in found[has : has + lost]
    assert found[has + lost - 1 : has + lost] == b"\n"
    assert b"  " not in found[has : has + lost]
    sentence = f"[{lost} bytes of this log are lost, from byte {has} on]"
    if lost > len(sentence) + 1:
        told = list(once(found[has : has + lost].decode().splitlines()))
        assert [each.rstrip(".") for each in told] == ["", sentence]


@pytest.mark.parametrize("count", [1, 2, files.SYNCED_AT_ONCE * 2])
def test_all_logs_of_a_commit_are_synced_however_many(tmp_path, monkeypatch, count):
    logs, synced = TaskLogs(tmp_path), list[str]()
    real = disks.sync_content

    def sync(file: int) -> None:
        real(file)
        synced.append(str(Path(f"/proc/self/fd/{file}").readlink()))

    monkeypatch.setattr(disks, "sync_content", sync)
    written = [logs.append(JOB, f"t{number}", 0, b"line\n") for number in range(count)]
    logs.sync(written)
    assert sorted(synced) == sorted(map(str, written))


def test_a_log_that_is_gone_with_its_job_before_it_is_synced_is_no_trouble(tmp_path, caplog):
    logs, path = log_of(tmp_path)
    written = logs.append(JOB, TASK, 0, b"line\n")
    path.unlink()
    logs.sync([written])
    assert not caplog.records


def test_a_full_disk_costs_lines_that_are_named_when_there_is_room_and_is_told_once(
    tmp_path, caplog
):
    logs, path = log_of(tmp_path)
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    for offset in (0, 5, 10):
        assert logs.append(JOB, TASK, offset, b"line\n") is None
    (record,) = caplog.records
    assert record.getMessage().startswith("cannot write to the log of task t1: [Errno 28]")
    path.unlink()
    assert logs.append(JOB, TASK, 60, b"again\n") == path
    assert path.read_text().split("\n") == [
        "",
        "[60 bytes of this log are lost, from byte 0 on]".ljust(58, "."),
        "again",
        "",
    ]


def test_a_long_log_that_is_lost_takes_little_memory_to_fill_up(tmp_path):
    logs, path = log_of(tmp_path)
    tracemalloc.start()
    try:
        logs.append(JOB, TASK, 16 * 2**20, b"again\n")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3 * 2**20
    lines = path.read_text().splitlines()
    assert list(once(lines)) == [
        "",
        "[16777216 bytes of this log are lost, from byte 0 on]",
        "again",
    ]
    assert max(map(len, lines)) < 200


def test_a_disk_too_small_for_the_bytes_that_are_lost_is_not_filled_with_spaces(
    tmp_path, monkeypatch
):
    logs, path = log_of(tmp_path)
    logs.append(JOB, TASK, 0, b"line\n")
    real = os.write

    def write(file: int, content: bytes) -> int:
        return real(file, content[: 2**19])

    monkeypatch.setattr(os, "write", write)
    assert logs.append(JOB, TASK, 4 * 2**20, b"again\n") is None
    assert path.read_text() == "line\n"


def failing_syncs(monkeypatch, number: int) -> None:
    def sync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disks, "sync_content", sync)


def test_a_log_that_is_written_and_never_synced_is_told_once(tmp_path, monkeypatch, caplog):
    logs, _ = log_of(tmp_path)
    with monkeypatch.context() as failing:
        failing_syncs(failing, errno.EIO)
        for offset in (0, 5, 10):
            logs.sync([logs.append(JOB, TASK, offset, b"line\n")])
    assert len(caplog.records) == 1
    logs.sync([logs.append(JOB, TASK, 15, b"line\n")])
    failing_syncs(monkeypatch, errno.EIO)
    logs.sync([logs.append(JOB, TASK, 20, b"line\n")])
    assert len(caplog.records) == 2


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_drive_that_does_not_sync_is_no_trouble(tmp_path, monkeypatch, caplog, number):
    logs, _ = log_of(tmp_path)
    failing_syncs(monkeypatch, number)
    logs.sync([logs.append(JOB, TASK, 0, b"line\n")])
    assert not caplog.records


async def test_the_tail_of_a_log_says_once_what_is_lost(tmp_path):
    logs, _ = log_of(tmp_path)
    logs.append(JOB, TASK, 10_000, b"again\n")
    tail = await logs.tail(JOB, TASK)
    first, *others = tail.splitlines()
    assert first.rstrip(".").endswith("of this log are lost, from byte 0 on]")
    assert others == ["again"]


def test_each_loss_is_told(tmp_path):
    logs, path = log_of(tmp_path)
    logs.append(JOB, TASK, 200, b"one\n")
    logs.append(JOB, TASK, 404, b"two\n")
    told = list(once(path.read_text().splitlines()))
    assert told == [
        "",
        "[200 bytes of this log are lost, from byte 0 on]",
        "one",
        "",
        "[200 bytes of this log are lost, from byte 204 on]",
        "two",
    ]
