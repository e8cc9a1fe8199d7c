"""Frames are saved below folders whose paths are longer than Windows usually takes."""

from pathlib import Path, PureWindowsPath

import pytest

from worker.in_blender.long_paths import MOST, extended, reachable

LONG = "\\".join(["a folder of a shot"] * 12)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"C:\\{LONG}\\1.png", f"\\\\?\\C:\\{LONG}\\1.png"),
        (f"C:/{LONG}/1.png", f"\\\\?\\C:\\{LONG}\\1.png"),
        (f"\\\\SERVER\\share\\{LONG}\\1.png", f"\\\\?\\UNC\\SERVER\\share\\{LONG}\\1.png"),
        (f"\\\\?\\C:\\{LONG}\\1.png", f"\\\\?\\C:\\{LONG}\\1.png"),
        (f"{LONG}\\1.png", f"{LONG}\\1.png"),
        ("C:\\short\\1.png", "C:\\short\\1.png"),
        ("\\\\SERVER\\share\\1.png", "\\\\SERVER\\share\\1.png"),
    ],
)
def test_a_long_path_gets_the_prefix_that_windows_wants_and_a_short_one_none(path, expected):
    assert extended(PureWindowsPath(path)) == expected


def test_the_folder_of_an_extended_path_is_extended_too():
    path = PureWindowsPath(extended(PureWindowsPath(f"C:\\{LONG}\\1.png")))
    assert str(path.parent) == f"\\\\?\\C:\\{LONG}"
    assert extended(path) == str(path)


def test_the_longest_path_without_prefix_has_room_for_what_blender_adds():
    assert MOST + len("_right.exr") < 260


@pytest.mark.skipif("os.name == 'nt'")
def test_other_systems_have_no_prefix():
    assert reachable(Path("/srv") / LONG) == Path("/srv") / LONG
