"""People hear of disks that are nearly full; a drive that hangs or is gone hides no other."""

import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import trio

import actors
from actors.testing import MemoryStore
from flamenco.api.events import EventNotice
from flamenco.manager import notices
from tests.patience import until

LOCAL, SHARED = Path("/local"), Path("/shared")


async def told(monkeypatch, look, again: Path) -> tuple[list[str], list[Path]]:
    """Texts of the notices until a disk was looked at some times, and the folders looked at."""
    looked: list[Path] = []

    def usage(folder):
        looked.append(folder)
        return look(folder)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    monkeypatch.setattr(notices, "LOOK_SECONDS", 0.01)
    services = SimpleNamespace(paths=SimpleNamespace(local=LOCAL, shared=SHARED))
    found = []
    async with (
        actors.ActorSystem(store=MemoryStore()) as system,
        system.events.subscribe(EventNotice, capacity=100) as events,
    ):
        await system.start(notices.Notices, services, name="notices")
        await until(lambda: looked.count(again) > 3)
        with trio.move_on_after(0.1):
            async for event in events:
                found.append(event.text)  # noqa: PERF401 -- until the time is over
    return found, looked


def full(_: Path) -> SimpleNamespace:
    return SimpleNamespace(free=1, total=2**40)


async def test_a_disk_that_is_nearly_full_is_told_once_though_another_folder_is_gone(monkeypatch):
    def look(folder):
        if folder == LOCAL:
            return full(folder)
        raise FileNotFoundError(folder)

    texts, looked = await told(monkeypatch, look, LOCAL)
    assert texts == [f"the disk of {LOCAL} is nearly full"]
    assert SHARED in looked


async def test_a_drive_that_hangs_is_looked_at_once_and_holds_up_nothing(monkeypatch):
    goes_on = threading.Event()

    def look(folder):
        if folder == SHARED:
            goes_on.wait(60)
        return full(folder)

    try:
        texts, looked = await told(monkeypatch, look, LOCAL)
    finally:
        goes_on.set()
    assert texts == [f"the disk of {LOCAL} is nearly full"]
    assert looked.count(SHARED) == 1
    assert looked.count(LOCAL) > 1
