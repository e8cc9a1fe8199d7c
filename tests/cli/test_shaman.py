"""`flamenco shaman` looks after stored files without a Manager."""

import os
import time
from pathlib import Path

import pytest
import trio

from flamenco.cli.app import run
from flamenco.cli.shaman import usual_file
from flamenco.config.manager import FILE_NAME
from flamenco.shaman import Shaman
from tests.shaman.conftest import key_of, reader

DAY = 24 * 3600


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    """Three stored files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shared").mkdir()
    shaman, contents = Shaman(tmp_path / "shared"), (b"wood", b"stone", b"")

    async def store() -> None:
        for content in contents:
            await shaman.receive(key_of(content), reader(content))

    trio.run(store)
    return [shaman.store.blob(key_of(content)) for content in contents]


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ((), "storage"),
        (("here",), "here"),
        (("storage",), "storage"),
        (("here", "storage"), "storage"),
    ],
)
def test_the_configuration_is_the_storages_unless_only_this_folder_has_one(
    tmp_path, monkeypatch, there, found
):
    places = {"here": Path(FILE_NAME), "storage": tmp_path / "storage" / FILE_NAME}
    (tmp_path / "storage").mkdir()
    monkeypatch.chdir(tmp_path)
    for each in there:
        places[each].touch()
    assert usual_file(tmp_path / "storage") == places[found]
    assert usual_file(None) == places["here"]


def test_old_files_are_counted_and_deleted(blobs, tmp_path, capsys):
    then = time.time() - 32 * DAY
    os.utime(blobs[0], (then, then))
    assert run(["shaman", "gc", "--show", "--storage", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 of 3 files (0.0 MiB) would be deleted\n"
    assert run(["shaman", "gc", "--storage", str(tmp_path)]) == 0
    assert [blob.exists() for blob in blobs] == [False, True, True]


def test_files_that_are_not_what_was_sent_are_found(blobs, tmp_path, capsys):
    command = ["shaman", "check", "--storage", str(tmp_path)]
    assert run(command) == 0
    assert capsys.readouterr().out == "0 of 3 files damaged\n"
    blobs[0].write_bytes(b"w00d")
    blobs[1].unlink()
    blobs[1].symlink_to("/etc/hostname")
    assert run(command) == 1
    *damaged, last = capsys.readouterr().out.splitlines()
    assert sorted(damaged) == sorted(map(str, blobs[:2]))
    assert last == "2 of 3 files damaged"
    assert run([*command, "--delete"]) == 1
    assert [os.path.lexists(blob) for blob in blobs] == [False, False, True]
    assert run(command) == 0


def test_without_a_shared_storage_there_is_nothing_to_look_after(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["shaman", "check"]) == 1
    assert "no shared storage yet" in capsys.readouterr().err
