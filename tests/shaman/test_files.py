"""Sending files: once, whole, and several clients at a time."""

import errno
import os

import pytest
import trio
import trio.testing

from flamenco import clock
from flamenco.model.statuses import FileStatus
from flamenco.shaman import CheckoutFile, Received, StorageFailed
from flamenco.shaman.service import PIECE_BYTES
from flamenco.shaman.store import ABANDONED_SECONDS, FRESH_SECONDS, KEPT_SECONDS, Incoming
from tests.shaman.conftest import everything, key_of, reader, store

CONTENT = b"blend" * 1000
DAY = 24 * 3600.0


async def test_a_sent_file_is_stored_under_its_checksum(shaman, tmp_path):
    file = await store(shaman, CONTENT)
    sha = file.key.sha
    blob = tmp_path / "file-store" / "stored" / sha[:2] / sha[2:] / f"{len(CONTENT)}.blob"
    assert blob.read_bytes() == CONTENT
    assert everything(tmp_path / "file-store" / "uploading") == []
    assert await shaman.status(file.key) is FileStatus.STORED


async def test_a_file_larger_than_a_piece_arrives_whole(shaman):
    content = os.urandom(3 * PIECE_BYTES + 7)
    pieces = [content[start : start + 100_000] for start in range(0, len(content), 100_000)]
    assert await shaman.receive(key_of(content), reader(*pieces)) is Received.STORED
    assert shaman.store.blob(key_of(content)).read_bytes() == content


async def test_an_empty_file_is_a_file(shaman):
    file = await store(shaman, b"")
    assert await shaman.status(file.key) is FileStatus.STORED


@pytest.mark.parametrize("sent", [CONTENT[:-1], CONTENT + b"x", b"B" + CONTENT[1:], b""])
async def test_what_is_not_the_announced_file_is_refused_and_nothing_stays(shaman, tmp_path, sent):
    assert await shaman.receive(key_of(CONTENT), reader(sent)) is Received.WRONG
    assert everything(tmp_path) == ["file-store", "file-store/uploading"]
    assert await shaman.status(key_of(CONTENT)) is FileStatus.UNKNOWN


async def test_only_what_is_missing_is_asked_for_once_and_in_order(shaman):
    stored = await store(shaman, b"stored")
    new = [CheckoutFile(key_of(text), text.decode()) for text in (b"z", b"a", b"m")]
    again = CheckoutFile(new[1].key, "a copy of a")
    asked = await shaman.requirements([new[0], stored, new[1], again, stored, new[2]])
    assert asked == [(file, FileStatus.UNKNOWN) for file in new]


class Tap:
    """An upload in a test's hands: gives the first piece, and the rest when it is opened."""

    def __init__(self, content: bytes) -> None:
        self._pieces = iter([content[:1], content[1:]])
        self.began, self.open = trio.Event(), trio.Event()

    async def read(self) -> bytes:
        if self.began.is_set():
            await self.open.wait()
        self.began.set()
        return next(self._pieces, b"")

    async def let_go(self) -> None:
        """Open it when everybody else waits."""
        await trio.testing.wait_all_tasks_blocked()
        self.open.set()


async def test_when_two_send_the_same_file_the_slower_one_is_let_go(shaman, tmp_path):
    tap, ended = Tap(CONTENT), []

    async def slow() -> None:
        ended.append(await shaman.receive(key_of(CONTENT), tap.read))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await tap.began.wait()
        assert await shaman.status(key_of(CONTENT)) is FileStatus.UPLOADING
        asked = CheckoutFile(key_of(CONTENT), "x")
        assert await shaman.requirements([asked]) == [(asked, FileStatus.UPLOADING)]
        await store(shaman, CONTENT)
    assert ended == [Received.ELSEWHERE]
    assert everything(tmp_path / "file-store" / "uploading") == []
    assert shaman.store.blob(key_of(CONTENT)).read_bytes() == CONTENT


async def test_nobody_sends_a_file_that_somebody_else_is_sending(shaman):
    tap, ended, asked = Tap(CONTENT), [], []

    async def first() -> None:
        ended.append(await shaman.receive(key_of(CONTENT), tap.read))

    async def other() -> bytes:
        asked.append("piece")
        return b""

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first)
        await tap.began.wait()
        nursery.start_soon(tap.let_go)
        assert await shaman.receive(key_of(CONTENT), other) is Received.ELSEWHERE
    assert ended == [Received.STORED]
    assert asked == []


async def test_who_waits_for_somebody_who_fails_sends_the_file(shaman):
    tap, ended = Tap(b"wrong" + CONTENT), []

    async def first() -> None:
        ended.append(await shaman.receive(key_of(CONTENT), tap.read))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first)
        await tap.began.wait()
        nursery.start_soon(tap.let_go)
        await store(shaman, CONTENT)
    assert ended == [Received.WRONG]


async def test_when_the_faster_one_fails_the_other_one_goes_on(shaman):
    tap, ended = Tap(CONTENT), []

    async def slow() -> None:
        ended.append(await shaman.receive(key_of(CONTENT), tap.read))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await tap.began.wait()
        assert await shaman.receive(key_of(CONTENT), reader(b"wrong")) is Received.WRONG
        tap.open.set()
    assert ended == [Received.STORED]


async def test_an_upload_that_breaks_off_leaves_nothing(shaman, tmp_path):
    async def broken() -> bytes:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await shaman.receive(key_of(CONTENT), broken)
    tap = Tap(CONTENT)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shaman.receive, key_of(CONTENT), tap.read)
        await tap.began.wait()
        nursery.cancel_scope.cancel()
    assert everything(tmp_path / "file-store" / "uploading") == []
    assert await shaman.status(key_of(CONTENT)) is FileStatus.UNKNOWN


async def test_a_full_disk_is_told_and_nothing_stays(shaman, tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Incoming, "write", full)
    with pytest.raises(StorageFailed, match="No space left"):
        await shaman.receive(key_of(CONTENT), reader(CONTENT))
    assert everything(tmp_path / "file-store" / "uploading") == []


async def test_a_stored_file_that_was_cut_short_is_asked_for_again(shaman):
    file = await store(shaman, CONTENT)
    os.truncate(shaman.store.blob(file.key), 3)
    assert await shaman.status(file.key) is FileStatus.UNKNOWN
    await store(shaman, CONTENT)
    assert shaman.store.blob(file.key).read_bytes() == CONTENT


@pytest.mark.parametrize(("seconds", "marked"), [(FRESH_SECONDS / 2, False), (DAY, True)])
async def test_a_file_is_marked_as_used_unless_it_was_lately(shaman, seconds, marked):
    file = await store(shaman, CONTENT)
    blob = shaman.store.blob(file.key)
    before = clock.now().timestamp() - seconds
    os.utime(blob, (before, before))
    assert await shaman.requirements([file]) == []
    assert (blob.stat().st_mtime > before + 1) is marked


async def test_no_file_goes_that_a_checkout_may_be_about_to_use(shaman):
    file = await store(shaman, CONTENT)
    then = clock.now().timestamp() - FRESH_SECONDS
    os.utime(shaman.store.blob(file.key), (then, then))
    assert (await shaman.collect_garbage(0)).files == 0
    os.utime(shaman.store.blob(file.key), (then - KEPT_SECONDS, then - KEPT_SECONDS))
    assert (await shaman.collect_garbage(0)).files == 1


async def test_what_a_killed_manager_left_of_uploads_is_swept_away(shaman, tmp_path):
    left = Incoming(shaman.store, key_of(CONTENT))
    left._file.close()
    [upload] = (tmp_path / "file-store" / "uploading").rglob("*.tmp")
    await shaman.collect_garbage(0)
    assert upload.exists()
    then = upload.stat().st_mtime - ABANDONED_SECONDS - 1
    os.utime(upload, (then, then))
    await shaman.collect_garbage(0)
    assert everything(tmp_path / "file-store" / "uploading") == []
