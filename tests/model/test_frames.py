import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.frames import (
    FrameRangeError,
    frame_chunker,
    frame_count,
    frame_limits,
    frame_numbers,
    frame_runs,
    least_count,
    most_runs,
)

frame = st.integers(min_value=-30, max_value=60)
space = st.sampled_from(["", " ", "\t"])


@st.composite
def part(draw):
    first, last = sorted((draw(frame), draw(frame)))
    a, b, c, d = (draw(space) for _ in range(4))
    if draw(st.booleans()):
        return f"{a}{first}{b}", {first}
    dash = draw(st.sampled_from(["-", ".."]))
    step = draw(st.integers(1, 9))
    steps = draw(st.sampled_from([f"x{step}", f"x {step} "])) if step > 1 else ""
    return f"{a}{first}{b}{dash}{c}{last}{d}{steps}", set(range(first, last + 1, step))


ranges = st.lists(part(), min_size=1, max_size=8).map(
    lambda parts: (",".join(text for text, _ in parts), sorted(set().union(*(f for _, f in parts))))
)


@pytest.mark.parametrize(
    ("frames", "numbers"),
    [
        ("1", [1]),
        ("1-4", [1, 2, 3, 4]),
        ("1..3", [1, 2, 3]),
        (" 7 , 1 - 3 ", [1, 2, 3, 7]),
        ("3,3,2-4", [2, 3, 4]),
        ("0-0", [0]),
        ("1-9x4", [1, 5, 9]),
        ("1..8 x 4, 2", [1, 2, 5]),
        ("-3", [-3]),
        ("-2-1", [-2, -1, 0, 1]),
        ("-5--3", [-5, -4, -3]),
        ("-3..-1", [-3, -2, -1]),
    ],
)
def test_a_range_is_sorted_frames_without_duplicates(frames, numbers):
    assert list(frame_numbers(frames)) == numbers
    assert frame_count(frames) == len(numbers)


@pytest.mark.parametrize(
    "frames",
    [
        "",
        " ",
        "1,,2",
        "1,",
        "--3",
        "1---3",
        "1-2-3",
        "1x2",
        "1-5x0",
        "1-5x",
        "a",
        "1.5",
        "1...3",
        "1 2",
        "²",
    ],
)
def test_what_is_no_range_is_refused_by_name(frames):
    with pytest.raises(FrameRangeError, match="expected frames such as 1-10, 15 or 20") as caught:
        frame_count(frames)
    assert repr(frames) in str(caught.value)


@pytest.mark.parametrize("frames", ["10-1", "1--3", "1,5..3", "-1--2"])
def test_a_range_that_counts_backwards_is_refused(frames):
    with pytest.raises(FrameRangeError, match="counts backwards"):
        frame_count(frames)


@pytest.mark.parametrize(
    ("frames", "size", "chunks"),
    [
        ("1-10", 3, ["1-3", "4-6", "7-9", "10"]),
        ("1-4", 2, ["1,2", "3,4"]),
        ("1-3", 1, ["1", "2", "3"]),
        ("1,2,4-7,9", 4, ["1,2,4,5", "6,7,9"]),
        ("1-3,4-6", 6, ["1-6"]),
        ("1,3,5", 10, ["1,3,5"]),
        ("1-9x4", 2, ["1,5", "9"]),
        ("-5--1", 3, ["-5--3", "-2,-1"]),
    ],
)
def test_chunks_write_long_runs_as_ranges_and_pairs_as_two_frames(frames, size, chunks):
    assert frame_chunker(frames, size) == chunks


@pytest.mark.parametrize("size", [0, -1])
def test_a_chunk_has_at_least_one_frame(size):
    with pytest.raises(ValueError, match="at least 1 frame"):
        frame_chunker("1-3", size)


def test_a_huge_range_costs_nothing_to_count_and_to_cut_in_two():
    assert frame_count("1-999999999") == 999_999_999
    assert frame_chunker("1-999999998", 499_999_999) == ["1-499999999", "500000000-999999998"]


@pytest.mark.parametrize(
    ("frames", "runs"), [("7", 1), ("1-9", 1), ("1-9x4", 3), ("1-8x4", 2), ("1-9x4,20-30,40", 5)]
)
def test_runs_are_counted_before_they_are_made(frames, runs):
    assert most_runs(frames) == len(list(frame_runs(frames))) == runs


@given(ranges)
def test_every_range_means_the_set_of_its_parts(ranged):
    frames, expected = ranged
    assert list(frame_numbers(frames)) == expected
    assert frame_count(frames) == len(expected)


@given(ranges)
def test_a_range_has_at_least_what_is_counted_and_its_ends_without_making_its_frames(ranged):
    frames, expected = ranged
    assert max(map(frame_count, frames.split(","))) <= least_count(frames) <= len(expected)
    assert frame_limits(frames) == (expected[0], expected[-1])


@pytest.mark.parametrize("frames", ["3", "1-2000000x2", "40,1-30,31-39x3", "-5--1x2,0-99999"])
def test_parts_that_lie_apart_are_counted_exactly(frames):
    assert least_count(frames) == frame_count(frames)


@given(ranges, st.integers(min_value=1, max_value=70))
def test_chunks_are_full_but_the_last_and_together_the_whole_range(ranged, size):
    frames, expected = ranged
    chunks = frame_chunker(frames, size)
    assert [number for chunk in chunks for number in frame_numbers(chunk)] == expected
    counts = [frame_count(chunk) for chunk in chunks]
    assert all(count == size for count in counts[:-1])
    assert all(0 < count <= size for count in counts)


@pytest.mark.parametrize(
    "frames", ["1-999999999x2", "1-10,-999999999-999999999x1000", ",".join(9 * ["1-400000x2"])]
)
def test_more_single_frames_than_any_job_has_are_refused_before_they_are_counted(frames):
    with pytest.raises(FrameRangeError, match="more than 1000000 frames"):
        frame_count(frames)


def test_more_chunks_than_any_job_has_are_refused_before_they_are_made():
    with pytest.raises(ValueError, match="at most 1000000 chunks, got 999999999 frames"):
        frame_chunker("1-999999999", 10)
    assert frame_chunker("1-999999999", 500_000_000) == ["1-500000000", "500000001-999999999"]
