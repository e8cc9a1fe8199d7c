"""Lines of text from raw output, and what Blender's lines say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.blender_output import Saved, Step, parse, trouble
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


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("Saved: '/farm/000001.png'", Saved("/farm/000001.png")),
        ("Saved: '/farm/it's.png'", Saved("/farm/it's.png")),
        ("00:03.271  render           | Saved: 'C:\\a.exr'", Saved("C:\\a.exr")),
        ("Time: 00:00.03 (Saving: 00:00.00)", Step()),
        (" Time: 00:00.37 (Saving: 00:00.31)", Step()),
        ("00:03.271  render           | Time: 00:02.01 (Saving: 00:00.06)", Step()),
        ('skipping existing frame "/farm/000001.png"', Step()),
        ('Skipping existing frame "/farm/000001.png"', Step()),
        ("Fra:1 Mem:9.4M (Peak 9.4M) | Time:00:00.02 | Syncing Camera", None),
        ("I once Saved: 'a file'", None),
        ("Time: unknown", None),
        ("", None),
    ],
)
def test_blenders_lines_are_understood(line, meaning):
    assert parse(line) == meaning


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "Error: Cannot read file '/a b.blend': No such file or directory",
            "cannot read /a b.blend",
        ),
        ("CUDA error: Out of memory in cuMemAlloc", "out of memory"),
        (
            "OptiX error OPTIX_ERROR_LAUNCH_FAILURE",
            "the GPU failed: OptiX error OPTIX_ERROR_LAUNCH_FAILURE",
        ),
        ("Error: Render error (No space left on device) cannot save: '/x.png'", "the disk is full"),
        ("Fra:1 Mem:9.4M", None),
    ],
)
def test_known_troubles_become_a_reason(line, reason):
    assert trouble(line) == reason
