"""Whoever renders may put links into the shared storage: none leads the Manager out of it."""

import os
from datetime import timedelta
from pathlib import PurePosixPath

import attrs
import pytest

from flamenco import clock
from flamenco.shaman import BadPath, Shaman, StorageFailed, erase
from flamenco.shaman.store import ABANDONED_SECONDS
from tests.shaman.conftest import Noted, checkout, everything, key_of, reader, store

DAY = 24 * 3600.0


@pytest.fixture
def outside(tmp_path_factory):
    """A folder of the Manager's machine with a file of its own."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "own").mkdir()
    (folder / "own" / "precious").write_bytes(b"precious")
    return folder


async def test_a_checkout_writes_through_no_link_in_the_folder_of_checkouts(
    shaman, tmp_path, outside
):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "project").symlink_to(outside)
    file, before = await store(shaman, b"evil", "scripts/x.py"), everything(outside)
    for path in ("project", "project/job", "project/own/job"):
        if path == "project":
            assert (await checkout(shaman, path, [file])).startswith("project-")
        else:
            with pytest.raises(BadPath, match="link"):
                await checkout(shaman, path, [file])
    assert everything(outside) == before


@pytest.mark.parametrize("folder", ["jobs", "file-store", "file-store/stored"])
async def test_the_folders_of_shaman_are_no_links_either(shaman, tmp_path, outside, folder):
    file, before = await store(shaman, b"scene", "x"), everything(outside)
    (tmp_path / "jobs").mkdir()
    (tmp_path / folder).rename(tmp_path / "moved")
    (tmp_path / folder).symlink_to(outside)
    with pytest.raises((BadPath, StorageFailed), match="link"):
        await checkout(shaman, "job", [file])
    if folder != "jobs":
        with pytest.raises(StorageFailed, match="link"):
            await shaman.receive(key_of(b"new"), reader(b"new"))
    assert everything(outside) == before


async def test_an_upload_writes_through_no_link(shaman, tmp_path, outside):
    (tmp_path / "file-store").mkdir()
    (tmp_path / "file-store" / "uploading").symlink_to(outside)
    before = everything(outside)
    with pytest.raises(StorageFailed, match="link"):
        await shaman.receive(key_of(b"new"), reader(b"new"))
    assert everything(outside) == before


async def test_a_link_in_place_of_a_stored_file_is_no_stored_file(shaman, outside):
    file = await store(shaman, b"precious", "x")
    blob, target = shaman.store.blob(file.key), outside / "own" / "precious"
    blob.unlink()
    blob.symlink_to(target)
    os.utime(target, (0, 0))
    assert await shaman.requirements([file]) != []
    assert target.stat().st_mtime == 0
    await store(shaman, b"precious", "x")
    assert not blob.is_symlink()
    assert target.read_bytes() == b"precious"


async def test_a_checkout_is_erased_without_what_its_links_lead_to(shaman, tmp_path, outside):
    path = await checkout(shaman, "job", [await store(shaman, b"scene", "x")])
    (tmp_path / "jobs" / path / "more").symlink_to(outside)
    await erase(PurePosixPath(path), shaman.checkouts, Noted({path}))
    assert everything(tmp_path / "jobs") == ["job", "job/more"]
    assert (outside / "own" / "precious").exists()


async def test_what_goes_by_itself_keeps_nothing_else_from_being_erased(
    shaman, tmp_path, monkeypatch
):
    file, unlink = await store(shaman, b"scene", "x"), os.unlink
    files = [attrs.evolve(file, path=f"{folder}{name}") for folder in ("", "in/") for name in "abc"]
    path = PurePosixPath(await checkout(shaman, "job", files))

    def after_another(name, **where):
        unlink(name, **where)
        unlink(name, **where)

    monkeypatch.setattr(os, "unlink", after_another)
    await erase(path, shaman.checkouts, Noted({str(path)}))
    assert everything(tmp_path / "jobs") == []


async def test_a_checkout_whose_folder_became_a_link_is_not_erased(shaman, tmp_path, outside):
    path = await checkout(shaman, "project/own", [await store(shaman, b"scene", "x")])
    (tmp_path / "jobs" / "project").rename(tmp_path / "moved")
    (tmp_path / "jobs" / "project").symlink_to(outside)
    place = PurePosixPath(path)
    assert not shaman.checkouts.holds(place)
    with pytest.raises(OSError, match="link"):
        await erase(place, shaman.checkouts, Noted({path}))
    assert (outside / "own" / "precious").exists()


async def test_garbage_is_collected_through_no_link(shaman, tmp_path, outside):
    (outside / "ab").mkdir()
    (outside / "ab" / "3.blob").write_bytes(b"old")
    (outside / "left.tmp").write_bytes(b"old")
    for name in ("ab/3.blob", "left.tmp"):
        os.utime(outside / name, (0, 0))
    await store(shaman, b"scene", "x")
    (tmp_path / "file-store" / "stored" / "aa").symlink_to(outside)
    (tmp_path / "file-store" / "uploading" / "aa").symlink_to(outside)
    clock.set_wall_time(clock.now() + timedelta(days=40, seconds=ABANDONED_SECONDS))
    await shaman.collect_garbage(DAY)
    assert (outside / "ab" / "3.blob").exists()
    assert (outside / "left.tmp").exists()


async def test_the_shared_storage_itself_may_lie_behind_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    shaman = Shaman(tmp_path / "link")
    path = await checkout(shaman, "job", [await store(shaman, b"scene", "x")])
    assert (tmp_path / "link" / "jobs" / path / "x").read_bytes() == b"scene"
