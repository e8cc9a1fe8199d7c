"""The length of the write-ahead log is read beside commits and checkpoints, and fails neither."""

import struct
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from flamenco.logs import TaskLogs
from flamenco.model.workers import WorkerTag
from flamenco.store import PutTag, WriteAheadLog, open_store

INDEX = struct.pack("I", 7).rjust(20, b"\0").ljust(136, b"\0")
"""The index of a log of 7 pages."""


class SlowFile(BytesIO):
    """A file in which another thread has its turn between going to a place and reading there."""

    def seek(self, *args: int) -> int:
        place = super().seek(*args)
        time.sleep(0.001)
        return place


class BrokenFile(BytesIO):
    def read(self, *_: int) -> bytes:
        raise OSError(5, "Input/output error")


def test_two_threads_read_the_same_length():
    log = WriteAheadLog(Path("farm.sqlite"), None, SlowFile(INDEX))
    with ThreadPoolExecutor(4) as pool:
        assert {each.result() for each in [pool.submit(log.pages) for _ in range(40)]} == {7}


@pytest.mark.parametrize("index", [BytesIO(), BrokenFile()])
async def test_a_commit_is_made_though_the_index_cannot_be_read(tmp_path, monkeypatch, index):
    async with open_store(tmp_path / "farm.sqlite", TaskLogs(tmp_path)) as store:
        monkeypatch.setattr(store.ahead, "_index", index)
        await store.commit([PutTag(WorkerTag(id="t1", name="fast"))])
