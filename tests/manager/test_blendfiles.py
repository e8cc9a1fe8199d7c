"""The .blend files of the shared storage are found, in parts, and no link is followed."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flamenco.manager import blendfiles
from flamenco.manager.blendfiles import blend_file, blend_files
from flamenco.manager.refusals import NotFound


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"BLENDER")


def names(found) -> list[str]:
    return [str(each.path) for each in found.files]


def in_parts(root: Path, search: str, limit: int) -> list[str]:
    found, after = [], ()
    while after is not None:
        part = blend_files(root, search, after, limit)
        assert len(part.files) <= limit
        found += names(part)
        after = part.next
    return found


def test_files_are_told_in_the_order_of_their_paths_with_size_and_time(tmp_path):
    put(
        tmp_path,
        "film/b.blend",
        "film/a.BLEND",
        "x.blend",
        "film/a.blend1",
        "film/a.png",
        "a b.blend",
    )
    os.utime(tmp_path / "x.blend", (86_400, 86_400))
    found = blend_files(tmp_path, "", (), 10)
    assert names(found) == ["a b.blend", "film/a.BLEND", "film/b.blend", "x.blend"]
    last = found.files[-1]
    assert (last.size, last.modified.isoformat()) == (7, "1970-01-02T00:00:00+00:00")
    assert found.next is None


def test_all_words_of_a_search_occur_in_the_path(tmp_path):
    put(tmp_path, "Film/shot 1.blend", "Film/shot 2.blend", "other/shot 2.blend")
    assert names(blend_files(tmp_path, "FILM 2", (), 10)) == ["Film/shot 2.blend"]


def test_neither_links_nor_hidden_folders_nor_shamans_own_are_looked_into(tmp_path):
    root, outside = tmp_path / "farm", tmp_path / "outside"
    put(outside, "secret.blend")
    put(root, "own.blend", ".hidden/a.blend", "file-store/stored/a.blend")
    (root / "away").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "link.blend").symlink_to(outside / "secret.blend")
    os.mkfifo(root / "pipe.blend")
    (root / "folder.blend").mkdir()
    assert names(blend_files(root, "", (), 10)) == ["own.blend"]


def test_the_storage_itself_may_be_behind_a_link(tmp_path):
    put(tmp_path / "disk", "a.blend")
    (tmp_path / "farm").symlink_to(tmp_path / "disk")
    assert names(blend_files(tmp_path / "farm", "", (), 10)) == ["a.blend"]
    assert blend_file(tmp_path / "farm", f"{tmp_path}/farm/a.blend") == tmp_path / "farm/a.blend"


PARTS = st.lists(st.sampled_from(["a", "b", "a b", "ä", "a!"]), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(paths=st.lists(PARTS, max_size=12), limit=st.integers(1, 4))
def test_the_parts_together_are_the_whole(paths, limit, tmp_path_factory):
    root = tmp_path_factory.mktemp("farm")
    put(root, *("/".join(each) + ".blend" for each in paths))
    expected = sorted({(*each[:-1], each[-1] + ".blend") for each in map(tuple, paths)})
    assert in_parts(root, "", limit) == ["/".join(each) for each in expected]


def test_who_looks_for_too_long_goes_on_in_the_next_part(tmp_path, monkeypatch):
    monkeypatch.setattr(blendfiles, "MOST_SECONDS", 0.0)
    put(tmp_path, "a/b/c/1.blend", "a/2.blend", "d/3.png", "e/4.blend")
    first = blend_files(tmp_path, "", (), 10)
    assert (first.files, first.next) == ([], ("a",))
    assert in_parts(tmp_path, "", 10) == ["a/2.blend", "a/b/c/1.blend", "e/4.blend"]


def test_folders_in_folders_without_end_are_left_out(tmp_path):
    path = tmp_path
    for _ in range(blendfiles.MOST_DEPTH + 5):
        path /= "d"
    put(path, "a.blend")
    put(tmp_path, "d/b.blend")
    assert names(blend_files(tmp_path, "", (), 10)) == ["d/b.blend"]


def test_a_storage_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        blend_files(tmp_path / "none", "", (), 10)


@pytest.mark.parametrize("text", ["film/a.blend", "{root}/film/a.blend", "film//a.blend"])
def test_a_file_is_named_by_its_path(tmp_path, text):
    put(tmp_path, "film/a.blend")
    assert blend_file(tmp_path, text.format(root=tmp_path)) == tmp_path / "film/a.blend"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "/etc/passwd",
        "../outside/a.blend",
        "film/../../outside/a.blend",
        "film",
        "none.blend",
        "film/a.png",
        "link.blend",
        "away/a.blend",
        "{root}/../outside/a.blend",
        "a\0.blend",
    ],
)
def test_what_is_no_blend_file_of_the_storage_is_none(tmp_path, text):
    root = tmp_path / "farm"
    put(root, "film/a.blend", "film/a.png")
    put(tmp_path, "outside/a.blend")
    (root / "away").symlink_to(tmp_path / "outside")
    (root / "link.blend").symlink_to(tmp_path / "outside/a.blend")
    with pytest.raises(NotFound):
        blend_file(root, text.format(root=root))
