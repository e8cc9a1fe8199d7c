"""Lines of text from raw output."""

from hypothesis import given
from hypothesis import strategies as st

from worker.lines import LIMIT, LineSplitter

text = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


def split(pieces):
    splitter = LineSplitter()
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.finish()


@given(st.lists(text), st.lists(st.integers(1, 20), min_size=1))
def test_lines_come_out_as_they_went_in_however_they_are_cut(lines, sizes):
    data = "".join(f"{line}\n" for line in lines).encode()
    pieces, size = [], 0
    while data:
        pieces.append(data[: sizes[size % len(sizes)]])
        data = data[sizes[size % len(sizes)] :]
        size += 1
    assert split(pieces) == lines


@given(st.integers(0, 3), st.integers(50, 70_000))
def test_long_lines_are_cut_between_characters_and_nothing_is_lost(offset, piece):
    line = "x" * offset + "🦩" * (3 * LIMIT // 4)
    data = line.encode()
    found = split([data[at : at + piece] for at in range(0, len(data), piece)])
    assert "".join(found) == line
    assert all(len(part.encode()) <= LIMIT for part in found)
    assert len(found) > 1


def test_a_carriage_return_starts_its_line_anew():
    assert split([b"frame=1\rframe=2\rframe=3\n", b"windows\r\n", b"rest\r"]) == [
        "frame=3",
        "windows",
        "rest",
    ]


def test_what_is_not_utf_8_is_replaced():
    assert split([b"caf\xe9\n"]) == ["caf\N{REPLACEMENT CHARACTER}"]
