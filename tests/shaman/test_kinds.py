"""Checkouts have entries of the chosen kind, and go whichever that is."""

from datetime import timedelta
from pathlib import PurePosixPath

import pytest

from flamenco import clock
from flamenco.model.links import LinkKind
from flamenco.model.statuses import FileStatus
from flamenco.shaman import CheckoutFile, Shaman, StorageFailed, erase, linking
from flamenco.shaman.copies import time_of_copies
from flamenco.shaman.linking import UNFINISHED
from tests.shaman.conftest import Noted, checkout, everything, key_of, store

DAY = 24 * 3600.0
KINDS = [each for each in LinkKind if each is not LinkKind.REFLINK]


@pytest.fixture(params=LinkKind)
def kind(request, monkeypatch):
    """Each kind; a file system without reflinks is played one that has them."""
    monkeypatch.setattr(linking, "_clone", linking.shutil.copyfileobj)
    return request.param


@pytest.fixture
def shaman(tmp_path, kind):
    return Shaman(tmp_path, kind)


def kind_of(path) -> LinkKind:
    if path.is_symlink():
        assert not path.readlink().is_absolute()
        return LinkKind.RELATIVE
    return LinkKind.HARD if path.stat().st_nlink > 1 else LinkKind.COPY


async def made(shaman, path="job") -> str:
    files = [
        CheckoutFile(key_of(b"scene"), "x.blend"),
        CheckoutFile(key_of(b"wood"), "in/wood.png"),
    ]
    for content in (b"scene", b"wood"):
        if await shaman.status(key_of(content)) is not FileStatus.STORED:
            await store(shaman, content)
    return await checkout(shaman, path, files)


async def test_each_file_of_a_checkout_is_of_the_chosen_kind(shaman, tmp_path, kind):
    place = tmp_path / "jobs" / await made(shaman)
    assert (place / "x.blend").read_bytes() == b"scene"
    assert (place / "in" / "wood.png").read_bytes() == b"wood"
    wanted = LinkKind.COPY if kind is LinkKind.REFLINK else kind
    assert {kind_of(each) for each in (place / "x.blend", place / "in" / "wood.png")} == {wanted}


async def test_a_checkout_goes_with_its_entries_and_without_what_others_made(shaman, tmp_path):
    path = await made(shaman)
    (tmp_path / "jobs" / path / "in" / "render.png").write_bytes(b"frame")
    assert shaman.checkouts.holds(PurePosixPath(path))
    await erase(PurePosixPath(path), shaman.checkouts, Noted({path}))
    assert everything(tmp_path / "jobs") == ["job", "job/in", "job/in/render.png"]
    assert len(everything(tmp_path / "file-store" / "stored")) == 6
    again = await made(shaman, "other")
    await erase(PurePosixPath(again), shaman.checkouts, Noted({again}))
    assert everything(tmp_path / "jobs") == ["job", "job/in", "job/in/render.png"]
    assert "copies" not in everything(tmp_path / "file-store") or not everything(
        tmp_path / "file-store" / "copies"
    )


@pytest.mark.parametrize("kind", [LinkKind.COPY])
async def test_a_copy_that_somebody_has_changed_stays(shaman, tmp_path):
    path = await made(shaman)
    place = tmp_path / "jobs" / path
    (place / "x.blend").write_bytes(b"mine!")
    (place / "in" / f".wood.png{UNFINISHED}").write_bytes(b"wo")
    await erase(PurePosixPath(path), shaman.checkouts, Noted({path}))
    assert everything(tmp_path / "jobs") == ["job", "job/x.blend"]


@pytest.mark.parametrize("kind", [LinkKind.COPY])
@pytest.mark.parametrize("other", ["link", "file"])
async def test_a_checkout_goes_though_something_else_lies_in_place_of_a_folder(
    shaman, tmp_path, other
):
    path = await made(shaman)
    place, elsewhere = tmp_path / "jobs" / path, tmp_path / "elsewhere"
    (place / "in").rename(elsewhere)
    if other == "link":
        (place / "in").symlink_to(elsewhere)
    else:
        (place / "in").write_bytes(b"mine")
    await erase(PurePosixPath(path), shaman.checkouts, Noted({path}))
    assert everything(tmp_path / "jobs") == ["job", "job/in"]
    assert (elsewhere / "wood.png").read_bytes() == b"wood"


@pytest.mark.parametrize("now", [1000.0, 1001.9])
def test_copies_get_a_time_that_every_file_system_keeps(now):
    """FAT counts in steps of two seconds."""
    assert time_of_copies(now) % 2 == 0
    assert time_of_copies(now) < now - 59


async def test_stored_files_that_entries_need_are_kept_and_others_go(shaman, tmp_path, kind):
    await made(shaman)
    clock.set_wall_time(clock.now() + timedelta(days=40))
    collected = await shaman.collect_garbage(DAY)
    needed = kind in (LinkKind.RELATIVE, LinkKind.HARD)
    assert (collected.files, collected.kept) == ((0, 2) if needed else (2, 0))
    assert (tmp_path / "jobs" / "job" / "x.blend").read_bytes() == b"scene"


async def test_a_checkout_inside_another_one_stays_when_that_goes(shaman, tmp_path):
    outer, inner = await made(shaman), await made(shaman, "job/inner")
    await erase(PurePosixPath(outer), shaman.checkouts, Noted({outer, inner}))
    assert everything(tmp_path / "jobs") == [
        "job",
        "job/inner",
        "job/inner/in",
        "job/inner/in/wood.png",
        "job/inner/x.blend",
    ]


async def test_a_trial_leaves_nothing(shaman, tmp_path):
    await shaman.try_links()
    assert [each for each in everything(tmp_path) if "." in each] == []


async def test_a_kind_that_the_storage_lacks_is_told_in_a_sentence(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(linking, "_clone", refuse)
    shaman = Shaman(tmp_path, LinkKind.REFLINK)
    with pytest.raises(StorageFailed, match=r"no reflinks.*: set shaman.links to"):
        await shaman.try_links()
    with pytest.raises(StorageFailed, match="no reflinks"):
        await made(shaman)
    assert everything(tmp_path / "jobs") == []
