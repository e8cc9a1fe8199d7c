"""Paths that a checkout, and a file in it, may have."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flamenco.shaman import BadPath, CheckoutFile, FileKey
from flamenco.shaman.files import checked_tree, checkout_path, file_path, once

TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(["a", "b c", "..", ".", "", "é", "C:", "\\", "a.b", "..x"])).map(
        "/".join
    ),
)
A, B = FileKey("a" * 64, 1), FileKey("b" * 64, 2)


@pytest.mark.parametrize(
    "text", ["job", "2026/shot-7/job", "a/./b", "a//b", "é ü/x.y", "..x", "a.."]
)
def test_a_checkout_may_lie_in_folders(text):
    assert checkout_path(text) == PurePosixPath(text)


@pytest.mark.parametrize(
    "text",
    [
        *["", ".", "/", "/job", "..", "../x", "x/..", "a/../b", "a/..b", "a../b"],
        *["a?", "a*", "a:b", "a;b", "{a}", "a}", "a\\b", "a\0", "a\nb", "\ud800"],
    ],
)
def test_other_paths_are_refused_with_a_sentence(text):
    with pytest.raises(BadPath, match="path"):
        checkout_path(text)


@given(TEXTS)
@example("a/..")
@example("..\\..\\x")
@example("C:/x")
@example("./A:")
@example("a/C:/x")
@example("a/\\x")
@example("./\\x")
def test_whatever_is_accepted_lies_inside_on_every_platform(text):
    for rule in (checkout_path, file_path):
        try:
            path = rule(text)
        except BadPath:
            continue
        assert path.parts
        root = Path("/farm/jobs")
        assert root in Path(root, path).resolve().parents
        root = PureWindowsPath("D:/farm/jobs")
        assert root in (root / path).parents
        windows = PureWindowsPath(str(path))
        assert not windows.drive
        assert not windows.root
        assert ".." not in windows.parts


@pytest.mark.parametrize(
    "text", ["C:/x", "c:x", "a/C:/x", "\\\\server\\x", "a/\\x", "a\\..\\..\\x", "/x", ""]
)
def test_a_file_stays_in_its_checkout_on_every_platform(text):
    with pytest.raises(BadPath):
        file_path(text)


@pytest.mark.parametrize("text", ["a;b.blend", "frame {1}.png", "what?.txt", "a*b"])
def test_a_file_may_be_called_what_artists_call_files(text):
    assert str(file_path(text)) == text


@pytest.mark.parametrize(
    "files", [[("x", A), ("x", B)], [("x", A), ("x/y", B)], [("x/y/z", A), ("x", B)]]
)
def test_a_path_stands_for_one_file(files):
    with pytest.raises(BadPath):
        checked_tree([CheckoutFile(key, path) for path, key in files])


def test_a_file_that_is_named_twice_in_one_place_is_fine():
    assert checked_tree([CheckoutFile(A, "x"), CheckoutFile(A, "./x")]) == {PurePosixPath("x"): A}


@given(st.lists(st.tuples(st.sampled_from([A, B, FileKey("c" * 64, 1)]), st.text(max_size=3))))
def test_each_content_is_asked_for_once_where_it_comes_first(pairs):
    files = [CheckoutFile(key, path) for key, path in pairs]
    asked = list(once(files).values())
    assert len({file.key for file in asked}) == len(asked) == len({file.key for file in files})
    places = [files.index(file) for file in asked]
    assert places == sorted(places)
    assert all(
        all(other.key != file.key for other in files[:place])
        for file, place in zip(asked, places, strict=True)
    )


@pytest.mark.parametrize(
    ("sha", "size"), [("x" * 64, 1), ("a" * 63, 1), ("../" + "a" * 61, 1), ("a" * 64, -1)]
)
def test_a_file_is_known_by_a_checksum_and_a_length(sha, size):
    with pytest.raises(BadPath):
        FileKey(sha, size)
    assert FileKey("A" * 64, 1) == A
