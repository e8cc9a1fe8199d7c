"""Paths of both kinds, on any computer."""

from datetime import UTC, datetime
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from addon.flamenco import paths

POSIX, WINDOWS = PurePosixPath, PureWindowsPath


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        (POSIX("/farm/shot.blend"), POSIX("/farm"), True),
        (POSIX("/farm/a/b/shot.blend"), POSIX("/farm"), True),
        (POSIX("/farm-old/shot.blend"), POSIX("/farm"), False),
        (POSIX("/FARM/shot.blend"), POSIX("/farm"), False),
        (POSIX("/farm"), POSIX("/farm"), False),
        (WINDOWS("F:\\Farm\\shot.blend"), WINDOWS("f:/farm"), True),
        (WINDOWS("F:\\Farm-old\\shot.blend"), WINDOWS("F:\\Farm"), False),
        (WINDOWS("C:\\Farm\\shot.blend"), WINDOWS("F:\\Farm"), False),
        (WINDOWS("F:\\shot.blend"), WINDOWS("F:\\"), True),
        (WINDOWS("\\\\nas\\farm\\a\\shot.blend"), WINDOWS("//NAS/farm"), True),
        (WINDOWS("\\\\nas\\farm\\a\\shot.blend"), WINDOWS("\\\\nas\\far"), False),
    ],
)
def test_inside_ends_at_a_path_boundary_and_ignores_case_on_windows(
    path: PurePath, folder: PurePath, inside: bool
) -> None:
    assert paths.is_inside(path, folder) is inside


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (POSIX("/farm/a/shot.blend"), "/farm/a/shot.blend"),
        (WINDOWS("F:\\farm\\shot.blend"), "F:/farm/shot.blend"),
        (WINDOWS("\\\\nas\\farm\\shot.blend"), "\\\\nas\\farm\\shot.blend"),
    ],
)
def test_the_manager_gets_slashes_unless_blender_would_misread_them(
    path: PurePath, sent: str
) -> None:
    assert paths.path_for_manager(path) == sent


@pytest.mark.parametrize(
    ("job_name", "folder"),
    [
        ("Shot 12", "Shot 12"),
        ("a/b\\c: d?", "a_b_c_ d_"),
        ("../../etc", ".._.._etc"),
        ("ends with dots...", "ends with dots"),
        ("...", "job"),
        ("Fähre 橋", "Fähre 橋"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_job_folder_has_a_name_that_every_platform_can_open(job_name: str, folder: str) -> None:
    moment = datetime(2026, 11, 5, 14, 3, 9, 42, tzinfo=UTC)
    assert paths.pack_folder_name(job_name, moment) == f"2026-11-05-140309.000042-{folder}"


@pytest.mark.parametrize(
    ("finder", "root"),
    [("BLENDER_PROJECT", "film"), ("GIT", "film/seq"), ("SUBVERSION", "film/seq/shots")],
)
def test_a_project_starts_at_the_nearest_marker_else_beside_the_file(
    tmp_path: Path, finder: str, root: str
) -> None:
    shots = tmp_path / "film" / "seq" / "shots"
    shots.mkdir(parents=True)
    (tmp_path / "film" / ".blender_project").mkdir()
    (tmp_path / "film" / ".git").mkdir()
    (tmp_path / "film" / "seq" / ".git").write_text("gitdir: elsewhere")
    assert paths.find_project_root(shots / "a.blend", finder) == tmp_path / root


@pytest.mark.parametrize(
    ("folder", "files", "root"),
    [
        (POSIX("/p/film"), ["/p/film/a", "/p/film/b/c"], "/p/film"),
        (POSIX("/p/film"), ["/p/assets/a"], "/p"),
        (POSIX("/p/film"), ["/q/a", "/p/a"], "/"),
        (WINDOWS("D:\\p\\film"), ["d:\\P\\assets\\a"], "D:\\p"),
        (WINDOWS("\\\\nas\\share\\film"), ["\\\\nas\\share\\assets\\a"], "\\\\nas\\share\\"),
    ],
)
def test_the_common_root_is_as_deep_as_the_files_allow(
    folder: PurePath, files: list[str], root: str
) -> None:
    found = paths.common_root(folder, [type(folder)(file) for file in files])
    assert str(found) == root


def test_no_folder_holds_files_of_two_drives() -> None:
    with pytest.raises(ValueError, match="a different drive"):
        paths.common_root(WINDOWS("D:\\film"), [WINDOWS("E:\\a.png")])


@pytest.mark.parametrize(
    ("count", "path", "parts"),
    [
        (0, POSIX("/film/seq/shot.blend"), "."),
        (1, POSIX("/film/seq/shot.blend"), "seq"),
        (2, POSIX("/film/seq/shot.blend"), "film/seq"),
        (32, POSIX("/film/seq/shot.blend"), "film/seq"),
        (32, WINDOWS("D:\\film\\seq\\shot.blend"), "film\\seq"),
        (2, WINDOWS("\\\\nas\\share\\film\\shot.blend"), "film"),
        (3, POSIX(), "."),
    ],
)
def test_the_last_folders_are_always_relative(count: int, path: PurePath, parts: str) -> None:
    found = paths.last_n_dir_parts(count, path)
    assert str(found) == parts
    assert not found.is_absolute()


def test_a_path_to_open_goes_up_to_what_exists(tmp_path: Path) -> None:
    assert paths.nearest_existing(tmp_path / "a" / "{timestamp}" / "######") == tmp_path
    assert paths.nearest_existing(tmp_path) == tmp_path


@pytest.mark.parametrize("text", ["../a.png", "sub/../../a.png"])
def test_a_path_that_counts_from_nowhere_is_made_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    assert paths.whole(text, "/elsewhere") == str(tmp_path / "a.png")


def test_a_path_beside_the_file_counts_from_its_folder() -> None:
    assert paths.whole("//../tex/a.png", "/film/shots") == "/film/tex/a.png"
