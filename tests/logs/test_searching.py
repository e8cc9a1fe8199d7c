"""Finding a text in the logs of a job: every line once, however it is split into answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.logs import Place, search, searching

LINES = st.lists(st.text("abAB\N{LATIN SMALL LETTER E WITH ACUTE} ", max_size=6), max_size=12)


def found(folder, sought: str, most: int = 1000) -> list[tuple[str, str]]:
    """All lines, asked for in turns; each with its task."""
    lines, after = [], Place()
    while after is not None:
        new, after = search(folder, sought, after, most, lambda: None)
        assert len(new) <= most
        lines += new
    return [(line.task_id, line.text) for line in lines]


@given(
    logs=st.lists(LINES, max_size=3),
    sought=st.sampled_from(["a", "b", "ab", "A", "bA", "\N{LATIN SMALL LETTER E WITH ACUTE}"]),
    most=st.integers(1, 5),
    piece=st.integers(1, 20),
    looked=st.integers(1, 30),
)
def test_each_line_with_the_text_is_found_once(tmp_path_factory, logs, sought, most, piece, looked):
    folder = tmp_path_factory.mktemp("logs")
    for number, lines in enumerate(logs):
        (folder / f"task-{number}.txt").write_text("".join(f"{each}\n" for each in lines))
    folds = sought == sought.lower()
    expected = [
        (str(number), line)
        for number, lines in enumerate(logs)
        for line in lines
        if sought in (line.lower() if folds else line)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "PIECE_BYTES", piece)
        patch.setattr(searching, "MOST_BYTES", looked)
        assert found(folder, sought, most) == expected


def test_of_a_long_line_is_shown_what_is_around_the_text(tmp_path):
    (tmp_path / "task-1.txt").write_text("x" * 5000 + " out of memory " + "y" * 5000 + "\n")
    [(_, text)] = found(tmp_path, "out of memory")
    assert " out of memory " in text
    assert len(text) == searching.SHOWN_BYTES


def test_logs_that_are_no_text_or_not_there_are_searched_as_well(tmp_path):
    (tmp_path / "task-1.txt").write_bytes(b"\xff\0 error\r\nno newline: error")
    (tmp_path / "last-rendered.txt").write_text("error\n")
    assert [text for _, text in found(tmp_path, "error")] == [
        "\N{REPLACEMENT CHARACTER}\0 error",
        "no newline: error",
    ]
    assert found(tmp_path / "nothing", "error") == []


def test_a_search_that_nobody_waits_for_ends(tmp_path):
    (tmp_path / "task-1.txt").write_text("error\n")

    def gone() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        search(tmp_path, "error", Place(), 1, gone)
