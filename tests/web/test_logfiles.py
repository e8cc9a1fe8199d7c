"""Logs are served whatever becomes of their files meanwhile."""

from threading import Lock

import trio

from flamenco.logs import packed
from web import logfiles


async def test_a_log_is_closed_if_its_client_leaves_while_it_is_opened(tmp_path, monkeypatch):
    (path := tmp_path / "task-1.txt").write_bytes(b"line\n")
    opened = []

    def leave(log):
        trio.from_thread.run_sync(scope.cancel)
        opened.append(log.open("rb"))
        return opened[0]

    monkeypatch.setattr(logfiles, "open_log", leave)
    with trio.CancelScope() as scope:
        async with logfiles.LogBody(path, 5):
            pass
    assert opened[0].closed


def test_a_log_is_there_though_it_is_packed_while_it_is_looked_at(tmp_path, monkeypatch):
    path = tmp_path / "task-1.txt"
    path.write_bytes(b"line\n")
    written, exists = path.stat().st_mtime, type(path).exists

    def pack_then(looked):
        there = exists(looked)
        if there and looked == path:
            packed.pack(path, Lock())
        return there

    monkeypatch.setattr(type(path), "exists", pack_then)
    size, time = logfiles._about(path)
    assert (size, time) == (5, written)
    packed.pack(path, Lock())
    assert logfiles._about(path) == (5, packed.packed_path(path).stat().st_mtime)
