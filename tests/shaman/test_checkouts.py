"""Checkouts, and what garbage collection leaves."""

import errno
import os
from datetime import timedelta
from pathlib import Path, PurePosixPath

import attrs
import pytest
import trio

from flamenco import clock
from flamenco.model.statuses import FileStatus
from flamenco.shaman import (
    BadPath,
    CheckoutFile,
    MissingFiles,
    NoFreePath,
    Shaman,
    StorageFailed,
    erase,
    folders,
)
from flamenco.shaman import checkouts as module
from flamenco.shaman.store import blob_path
from tests.shaman.conftest import Noted, checkout, everything, key_of, store

DAY = 24 * 3600.0


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


async def test_a_checkout_has_the_files_under_their_paths(shaman, tmp_path):
    files = [
        await store(shaman, b"scene", "scene.blend"),
        await store(shaman, b"wood", "tex/wood.png"),
    ]
    files.append(attrs.evolve(files[1], path="tex/copy/wood.png"))
    assert await checkout(shaman, "2026/shot", files) == "2026/shot"
    expected = {"scene.blend": b"scene", "tex/wood.png": b"wood", "tex/copy/wood.png": b"wood"}
    assert contents(tmp_path / "jobs" / "2026" / "shot") == expected


async def test_links_are_relative_so_the_storage_may_lie_elsewhere(shaman, tmp_path):
    await checkout(shaman, "a/b", [await store(shaman, b"scene", "sub/scene.blend")])
    moved = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    tmp_path.rename(moved)
    place = moved / "jobs" / "a" / "b" / "sub" / "scene.blend"
    assert place.is_symlink()
    assert place.read_bytes() == b"scene"
    moved.rename(tmp_path)


async def test_a_taken_path_gets_a_suffix(shaman, tmp_path):
    file = await store(shaman, b"scene", "x")
    first = await checkout(shaman, "job", [file])
    second = await checkout(shaman, "job", [file])
    assert first == "job"
    assert second.startswith("job-")
    assert len(second) == len("job-xxxx")
    assert (tmp_path / "jobs" / second / "x").read_bytes() == b"scene"


async def test_many_clients_at_once_get_checkouts_of_their_own(shaman, tmp_path):
    file, paths = await store(shaman, b"scene", "x"), []

    async def client() -> None:
        paths.append(await checkout(shaman, "deep/in/job", [file]))

    async with trio.open_nursery() as nursery:
        for _ in range(30):
            nursery.start_soon(client)
    assert len(set(paths)) == 30
    assert all((tmp_path / "jobs" / path / "x").is_file() for path in paths)


async def test_when_no_variant_is_free_that_is_said(shaman, monkeypatch):
    monkeypatch.setattr(module, "_suffix", lambda: "same")
    file = await store(shaman, b"scene", "x")
    assert [await checkout(shaman, "job", [file]) for _ in range(2)] == ["job", "job-same"]
    with pytest.raises(NoFreePath, match="job"):
        await checkout(shaman, "job", [file])


async def test_a_missing_file_leaves_nothing_and_takes_nothing_of_others(shaman, tmp_path):
    file = await store(shaman, b"scene", "x")
    await checkout(shaman, "job", [file])
    before = everything(tmp_path)
    unknown = CheckoutFile(key_of(b"unknown"), "textures/unknown.png")
    for path in ("job", "new/job"):
        with pytest.raises(MissingFiles, match=r"textures/unknown\.png"):
            await checkout(shaman, path, [file, unknown])
    assert everything(tmp_path) == before
    assert (tmp_path / "jobs" / "job" / "x").read_bytes() == b"scene"


@pytest.mark.parametrize("taken", ["job", "other"])
async def test_a_checkout_that_fails_halfway_leaves_nothing(shaman, tmp_path, monkeypatch, taken):
    file = await store(shaman, b"scene", "x")
    await checkout(shaman, taken, [file])
    before, links = everything(tmp_path), []

    symlink = os.symlink

    def full(target, name, **where):
        links.append(name)
        if len(links) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        symlink(target, name, **where)

    monkeypatch.setattr(os, "symlink", full)
    files = [attrs.evolve(file, path=f"sub/{name}") for name in "abcd"]
    with pytest.raises(StorageFailed, match="No space left"):
        await checkout(shaman, "job", files)
    assert len(links) == 3
    assert everything(tmp_path) == before


@pytest.mark.parametrize("path", ["job/x", "job/x/y", "n" * 300, "a/" + "n" * 300])
async def test_a_path_that_the_disk_refuses_is_a_bad_path(shaman, tmp_path, path):
    file = await store(shaman, b"scene", "x")
    await checkout(shaman, "job", [file])
    if path == "job/x":
        assert (await checkout(shaman, path, [file])).startswith("job/x-")
        return
    before = everything(tmp_path)
    with pytest.raises(BadPath, match="can't be created"):
        await checkout(shaman, path, [file])
    assert everything(tmp_path) == before


async def test_a_file_name_that_the_disk_refuses_is_a_bad_path(shaman, tmp_path):
    file = await store(shaman, b"scene", "n" * 300)
    with pytest.raises(BadPath, match="can't be created"):
        await checkout(shaman, "job", [file])
    assert everything(tmp_path / "jobs") == []


def refuse(number):
    def refusing(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return refusing


async def test_where_there_are_no_symbolic_links_hard_links_do(shaman, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "symlink", refuse(errno.EPERM))
    file = await store(shaman, b"scene", "x")
    await checkout(shaman, "job", [file])
    place = tmp_path / "jobs" / "job" / "x"
    assert not place.is_symlink()
    assert place.samefile(shaman.store.blob(file.key))
    clock.set_wall_time(clock.now() + timedelta(days=40))
    assert (await shaman.collect_garbage(DAY)).files == 0
    assert place.read_bytes() == b"scene"


async def test_where_there_are_no_links_at_all_that_is_said(shaman, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "symlink", refuse(errno.EPERM))
    monkeypatch.setattr(os, "link", refuse(errno.EOPNOTSUPP))
    with pytest.raises(StorageFailed, match=r"shaman\.enabled"):
        await checkout(shaman, "job", [await store(shaman, b"scene", "x")])
    assert everything(tmp_path / "jobs") == []


async def test_a_checkout_is_recorded_while_its_folder_is_empty(shaman, tmp_path):
    seen = []

    class Watched(Noted):
        async def add(self, path: str) -> None:
            seen.append(everything(tmp_path / "jobs"))
            await super().add(path)

        async def remove(self, path: str) -> None:
            seen.append(everything(tmp_path / "jobs"))
            await super().remove(path)

    records = Watched()
    path = await shaman.checkout("job", [await store(shaman, b"scene", "x")], records)
    assert records.paths == {"job"}
    await erase(PurePosixPath(path), shaman.checkouts, records)
    assert seen == [["job"], ["job"]]
    assert records.paths == set()
    assert everything(tmp_path / "jobs") == []


async def test_a_checkout_whose_client_left_is_removed_with_its_record(
    shaman, tmp_path, monkeypatch
):
    records, scope, symlink = Noted(), trio.CancelScope(), os.symlink

    def then_leave(target, name, **where):
        symlink(target, name, **where)
        trio.from_thread.run_sync(scope.cancel)

    monkeypatch.setattr(os, "symlink", then_leave)
    file = await store(shaman, b"scene", "x")
    with scope:
        await shaman.checkout("job", [file], records)
    assert scope.cancelled_caught
    assert records.paths == set()
    assert everything(tmp_path / "jobs") == []


async def test_a_checkout_that_cannot_be_recorded_leaves_nothing(shaman, tmp_path):
    class Full(Noted):
        async def add(self, path: str) -> None:
            await super().add(path)
            raise ValueError(path)

    with pytest.raises(ValueError, match="job"):
        await shaman.checkout("job", [await store(shaman, b"scene", "x")], Full())
    assert everything(tmp_path / "jobs") == []


@pytest.mark.parametrize("mount_point", [True, False])
async def test_a_checkout_is_not_forgotten_while_the_storage_is_away(
    shaman, tmp_path, caplog, mount_point
):
    records = Noted()
    await shaman.checkout("job", [await store(shaman, b"scene", "x")], records)
    clock.set_wall_time(clock.now() + timedelta(days=40))
    away = tmp_path.parent / f"{tmp_path.name}-away"
    tmp_path.rename(away)
    if mount_point:
        tmp_path.mkdir()
    assert not await shaman.forget_checkout("job", records)
    assert "can't be deleted" in caplog.text
    assert records.paths == {"job"}
    if mount_point:
        tmp_path.rmdir()
    away.rename(tmp_path)
    assert await shaman.forget_checkout("job", records)
    assert records.paths == set()


@pytest.mark.parametrize("like", ["work", "backup", "links elsewhere"])
async def test_a_folder_that_shaman_did_not_make_stays_though_it_is_recorded(
    shaman, tmp_path, caplog, like
):
    """Earlier versions recorded whatever path a job told."""
    await checkout(shaman, "other", [await store(shaman, b"scene", "x")])
    folder, elsewhere = tmp_path / "jobs" / "shot", tmp_path / "precious"
    folder.mkdir()
    elsewhere.write_text("hours of work")
    match like:
        case "work":
            (folder / "scene.blend").write_text("hours of work")
        case "backup":
            (folder / "scene.blend").hardlink_to(elsewhere)
        case _:
            (folder / "scene.blend").symlink_to(elsewhere)
    clock.set_wall_time(clock.now() + timedelta(days=40))
    assert not shaman.checkouts.holds(PurePosixPath("shot"))
    records = Noted({"shot"})
    assert not await shaman.forget_checkout("shot", records)
    assert "the folder shot stays" in caplog.text
    assert records.paths == set()
    assert (folder / "scene.blend").read_text() == "hours of work"


async def test_a_checkout_of_hard_links_is_shamans(shaman, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "symlink", refuse(errno.EPERM))
    path = await checkout(shaman, "job", [await store(shaman, b"scene", "x")])
    (tmp_path / "jobs" / path / "x.blend1").write_text("beside it")
    assert shaman.checkouts.holds(PurePosixPath(path))


class WindowsEntry:
    """An entry of a folder as Windows gives it: it does not know the file's number, nor links."""

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self.entry = entry

    def __getattr__(self, name: str) -> object:
        return getattr(self.entry, name)

    def stat(self, *, follow_symlinks: bool) -> os.stat_result:
        mode, _, _, _, *others = self.entry.stat(follow_symlinks=follow_symlinks)
        return os.stat_result((mode, 0, 0, 0, *others))


async def test_links_are_known_on_windows_too(shaman, tmp_path, monkeypatch):
    scan = folders.Folder.scan
    monkeypatch.setattr(folders, "_CAN_OPEN", False)
    monkeypatch.setattr(folders.Folder, "scan", lambda self: map(WindowsEntry, scan(self)))
    monkeypatch.setattr(os, "symlink", refuse(errno.EPERM))
    path = await checkout(shaman, "job", [await store(shaman, b"scene", "x")])
    await store(shaman, b"nobody's", "y")
    assert shaman.checkouts.holds(PurePosixPath(path))
    assert shaman.checkouts.has_only_links(PurePosixPath(path))
    clock.set_wall_time(clock.now() + timedelta(days=40))
    collected = await shaman.collect_garbage(DAY)
    assert (collected.files, collected.kept) == (1, 1)
    (tmp_path / "jobs" / path / "own").write_text("hours of work")
    assert not shaman.checkouts.has_only_links(PurePosixPath(path))


@pytest.mark.parametrize("hard", [True, False])
async def test_what_shaman_did_not_make_stays_in_a_folder_with_its_links(
    shaman, tmp_path, monkeypatch, hard
):
    """Earlier versions recorded a project's folder for a job that named it."""
    if hard:
        monkeypatch.setattr(os, "symlink", refuse(errno.EPERM))
    records, file = Noted(), await store(shaman, b"scene", "tex/scene.blend")
    await shaman.checkout("film", [file], records)
    film, backup = tmp_path / "jobs" / "film", tmp_path / "backup"
    (film / "work.blend").write_text("hours of work")
    backup.write_text("hours of work")
    (film / "more.blend").hardlink_to(backup)
    clock.set_wall_time(clock.now() + timedelta(days=40))
    assert await shaman.forget_checkout("film", records)
    assert records.paths == set()
    assert everything(film) == ["more.blend", "work.blend"]


async def test_a_checkout_in_the_folder_of_another_stays_when_that_goes(shaman, tmp_path):
    records, file = Noted(), await store(shaman, b"scene", "tex/scene.blend")
    for path in ("film", "film/shot1", "film/shot2"):
        await shaman.checkout(path, [file] * (path != "film/shot1"), records)
    await erase(PurePosixPath("film"), shaman.checkouts, records)
    assert records.paths == {"film/shot1", "film/shot2"}
    assert contents(tmp_path / "jobs") == {"film/shot2/tex/scene.blend": b"scene"}
    assert (tmp_path / "jobs" / "film" / "shot1").is_dir()
    assert not (tmp_path / "jobs" / "film" / "tex").exists()


# Garbage


async def test_garbage_is_what_is_old_and_in_no_checkout(shaman, tmp_path):
    used, old, touched = [await store(shaman, text, "x") for text in (b"used", b"old", b"touched")]
    await checkout(shaman, "job", [used])
    clock.set_wall_time(clock.now() + timedelta(days=40))
    young = await store(shaman, b"young", "x")
    assert await shaman.status(touched.key) is FileStatus.STORED
    collected = await shaman.collect_garbage(31 * DAY)
    assert (collected.files, collected.size, collected.kept) == (1, len(b"old"), 3)
    assert await shaman.status(old.key) is FileStatus.UNKNOWN
    for file in (used, touched, young):
        assert await shaman.status(file.key) is FileStatus.STORED
    assert (tmp_path / "jobs" / "job" / "x").read_bytes() == b"used"
    assert not shaman.store.blob(old.key).parent.exists()


async def test_what_would_be_deleted_is_told_and_stays(shaman):
    used, old = [await store(shaman, text, "x") for text in (b"used", b"old")]
    await checkout(shaman, "job", [used])
    clock.set_wall_time(clock.now() + timedelta(days=40))
    found = await shaman.garbage(DAY)
    assert (found.files, found.size, found.kept) == (1, len(b"old"), 1)
    assert shaman.store.blob(old.key).exists()


async def test_in_a_storage_behind_a_link_garbage_is_found_too(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    shaman = Shaman(tmp_path / "link")
    used, old = [await store(shaman, text, "x") for text in (b"used", b"old")]
    await checkout(shaman, "job", [used])
    clock.set_wall_time(clock.now() + timedelta(days=40))
    assert (await shaman.collect_garbage(DAY)).files == 1
    assert shaman.store.blob(used.key).exists()
    assert not shaman.store.blob(old.key).parent.exists()


async def test_a_file_that_is_touched_while_garbage_is_collected_stays(shaman):
    file = await store(shaman, b"scene", "x")
    later = clock.now().timestamp() + 40 * DAY
    assert shaman.store.absent([file.key], later) == []
    assert not shaman.store.drop_if_older(blob_path(file.key), later - DAY)
    assert shaman.store.blob(file.key).exists()


async def test_collecting_garbage_ends_when_it_is_cancelled(shaman):
    for number in range(3):
        await store(shaman, bytes([number]))
    clock.set_wall_time(clock.now() + timedelta(days=40))
    with trio.move_on_after(10) as scope:
        scope.cancel()
        await shaman.collect_garbage(DAY)
    assert scope.cancelled_caught
    assert (await shaman.collect_garbage(DAY)).files == 3
