"""Packed logs are read as plain ones, and nothing of them is lost, whatever cuts in."""

import errno
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco import clock
from flamenco.logs import Place, TaskLogs, open_log, packed, search, size_of
from flamenco.logs.packed import pack, packed_path, unpack

LINES = b"".join(b"Fra:%d Mem:12.%dM | Rendering\n" % (n, n) for n in range(100))


@pytest.fixture(autouse=True)
def small_frames(monkeypatch):
    """Frames of which the log of a test has several."""
    monkeypatch.setattr(packed, "FRAME_BYTES", 256)


def log(folder: Path, content: bytes = LINES) -> Path:
    path = folder / "task-1.txt"
    path.write_bytes(content)
    return path


@given(
    content=st.binary(max_size=2000),
    reads=st.lists(st.tuples(st.integers(0, 2100), st.integers(0, 900)), max_size=5),
)
def test_any_part_of_a_packed_log_is_as_in_the_plain_one(tmp_path_factory, content, reads):
    path = log(tmp_path_factory.mktemp("log"), content)
    assert pack(path, Lock())
    assert not path.exists()
    assert size_of(path) == len(content)
    with open_log(path) as file:
        assert file.read() == content
        for offset, count in reads:
            file.seek(offset)
            assert file.read(count) == content[offset : offset + count]
    unpack(path)
    assert path.read_bytes() == content
    assert not packed_path(path).exists()


@pytest.mark.skipif(not shutil.which("zstd"), reason="needs zstd")
def test_zstd_unpacks_it_as_well(tmp_path):
    path = log(tmp_path)
    pack(path, Lock())
    found = subprocess.run(["zstd", "-dc", packed_path(path)], capture_output=True, check=True)
    assert found.stdout == LINES
    assert packed_path(path).stat().st_size < len(LINES)


def test_a_log_that_is_written_meanwhile_stays_as_it_is(tmp_path, monkeypatch):
    path, sync = log(tmp_path), packed.sync_content

    def write_as_well(descriptor):
        with path.open("ab") as file:
            file.write(b"more\n")
        sync(descriptor)

    monkeypatch.setattr(packed, "sync_content", write_as_well)
    assert not pack(path, Lock())
    assert path.read_bytes() == LINES + b"more\n"
    assert [each.name for each in tmp_path.iterdir()] == ["task-1.txt"]


@pytest.mark.parametrize("step", ["sync_content", "sync_folder"])
@pytest.mark.parametrize("work", ["pack", "unpack"])
def test_a_crash_at_any_step_loses_nothing(tmp_path, monkeypatch, work, step):
    path, lock = log(tmp_path), Lock()
    if work == "unpack":
        pack(path, lock)

    def crash(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(packed, step, crash)
        with pytest.raises(KeyboardInterrupt):
            unpack(path) if work == "unpack" else pack(path, lock)
    with open_log(path) as file:
        assert file.read() == LINES
    unpack(path)
    assert pack(path, lock)
    assert [each.name for each in tmp_path.iterdir()] == ["task-1.txt.zst"]


@pytest.mark.parametrize("work", ["pack", "unpack"])
def test_nothing_unfinished_stays_on_a_full_disk(tmp_path, monkeypatch, work):
    path = log(tmp_path)
    if work == "unpack":
        pack(path, Lock())
    before = [each.name for each in tmp_path.iterdir()]

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packed, "sync_content", full)
    with pytest.raises(OSError, match="No space"):
        unpack(path) if work == "unpack" else pack(path, Lock())
    assert [each.name for each in tmp_path.iterdir()] == before


def test_a_log_is_not_packed_where_it_might_take_the_last_room_of_the_disk(tmp_path, monkeypatch):
    path, usage = log(tmp_path), shutil.disk_usage(tmp_path)
    free = packed.RESERVE_BYTES + len(LINES) - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    assert not pack(path, Lock())
    assert path.read_bytes() == LINES


@pytest.mark.parametrize("damage", [b"", b"x" * 5, b"x" * 500])
def test_a_damaged_one_is_an_error_of_the_disk(tmp_path, damage):
    path = log(tmp_path)
    pack(path, Lock())
    packed_path(path).write_bytes(damage)
    with pytest.raises(OSError, match="damaged"):
        open_log(path)


async def test_tail_size_and_search_know_no_difference_and_writing_goes_on(tmp_path):
    logs = TaskLogs(tmp_path)
    logs.append("job", "1", 0, LINES)
    folder, plain = logs.folder("job"), await logs.tail("job", "1")
    found = search(folder, "Fra:77", Place(), 10, lambda: None)
    assert await logs.quiet_jobs(clock.now() - timedelta(hours=1)) == []
    old = clock.now().timestamp() - 7200
    os.utime(folder / "task-1.txt", (old, old))
    assert await logs.quiet_jobs(clock.now() - timedelta(hours=1)) == ["job"]
    assert await logs.pack("job") == 1
    assert [each.name for each in folder.iterdir()] == ["task-1.txt.zst"]
    assert await logs.quiet_jobs(clock.now()) == []
    assert await logs.tail("job", "1") == plain
    assert await logs.size("job", "1") == len(LINES)
    assert search(folder, "Fra:77", Place(), 10, lambda: None) == found
    logs.append("job", "1", len(LINES), b"more\n")
    assert (folder / "task-1.txt").read_bytes() == LINES + b"more\n"
    assert [each.name for each in folder.iterdir()] == ["task-1.txt"]
