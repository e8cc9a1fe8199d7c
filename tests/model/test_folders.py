import os
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.folders import folder_name


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Shot 12", "Shot 12"),
        ("shot [v2]", "shot [v2]"),
        ("name with ünï & #1 %d", "name with ünï & #1 %d"),
        ("/elsewhere/x", "_elsewhere_x"),
        ("../../up", ".._.._up"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        ("C:\\x", "C__x"),
        ("shot {final}", "shot _final_"),
        ("ends with a dot. ", "ends with a dot"),
        ("nul", "_nul"),
        ("COM1.png", "_COM1.png"),
        ("console", "console"),
        ("tab\tand\x00nul", "tab_and_nul"),
        ("x" * 300, "x" * 200),
        ("ü" * 300, "ü" * 100),
    ],
)
def test_a_name_becomes_one_folder(name, folder):
    assert folder_name(name) == folder


@given(st.text())
def test_whatever_it_is_it_is_one_folder_below_on_every_platform(name):
    folder = folder_name(name)
    for kind, root in ((PurePosixPath, "/root"), (PureWindowsPath, "C:\\root")):
        assert (kind(root) / folder).parent == kind(root)
        assert folder not in (os.curdir, os.pardir)
    assert 0 < len(folder.encode(errors="replace")) <= 201
    assert not any(unicodedata.category(each) == "Cc" and each < "\x80" for each in folder)
