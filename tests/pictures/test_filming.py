"""Videos of pictures are made in parts, of which those stay whose frames are the same."""

import os
import subprocess

import attrs
import pytest
from PIL import Image

from flamenco.pictures.filming import Film, make
from flamenco.pictures.parts import LENGTH
from tests.programs import need

pytestmark = pytest.mark.slow

SIZE = (64, 36)
NUMBER = 2 * LENGTH + 10
RATE = "30000/1001"


def grey_of(number):
    return number * 37 % 200 + 20


@pytest.fixture
def film(tmp_path):
    frames = []
    for number in range(NUMBER):
        path = tmp_path / f"{number}.jpg"
        Image.new("RGB", SIZE, (grey_of(number),) * 3).save(path)
        frames.append((number, str(path)))
    made = {"output": str(tmp_path / "job-1.mp4"), "parts": str(tmp_path / "job-")}
    return Film(frames=tuple(frames), sizes=(SIZE,), rate=RATE, format="mp4", **made)


def greys(path):
    """The grey in the middle of each frame of a video."""
    command = [need("ffmpeg"), "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    size = SIZE[0] * SIZE[1]
    return [data[at + size // 2] for at in range(0, len(data), size)]


def parts(tmp_path):
    return {each.name: each.stat().st_ino for each in tmp_path.glob("job-*-part")}


def without(film, number, output):
    """The film, one of its frames is not rendered."""
    frames = tuple((each, "" if each == number else path) for each, path in film.frames)
    return attrs.evolve(film, frames=frames, output=output)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_the_frames_of_all_parts_follow_at_the_rate(film, tmp_path, kind):
    told = [*make(attrs.evolve(film, format=kind))]
    assert told[-1].done == NUMBER
    seen = greys(film.output)
    assert len(seen) == NUMBER
    assert all(abs(grey - grey_of(number)) < 8 for number, grey in enumerate(seen))
    command = [need("ffprobe"), "-v", "error", "-show_entries", "packet=pts_time"]
    command += ["-of", "csv=p=0", film.output]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    times = [float(line.strip(",")) for line in lines]
    precision = 0.0015 if kind == "webm" else 0.0001  # WebM has milliseconds
    expected = [number * 1001 / 30000 for number in range(NUMBER)]
    assert max(abs(one - other) for one, other in zip(times, expected, strict=True)) < precision


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_video_of_one_frame_shows_it(film, tmp_path, kind):
    [*make(attrs.evolve(film, frames=film.frames[:1], format=kind))]
    (grey,) = greys(film.output)
    assert abs(grey - grey_of(0)) < 8


def test_only_the_part_is_made_anew_in_which_a_frame_has_changed(film, tmp_path):
    first, *_ = make(film)
    assert first.done <= 20
    before = parts(tmp_path)
    assert len(before) == 3
    other = without(film, LENGTH, str(tmp_path / "job-2.mp4"))
    first, *_ = make(other)
    assert first.done > NUMBER - LENGTH
    after = parts(tmp_path)
    assert len(after) == 3
    assert len(before.items() & after.items()) == 2
    seen = greys(other.output)
    assert [number for number, grey in enumerate(seen) if abs(grey - grey_of(number)) > 40] == [
        LENGTH
    ]


def test_a_part_that_is_damaged_is_made_anew_the_next_time(film, tmp_path):
    [*make(film)]
    next(tmp_path.glob("job-*-part")).write_bytes(b"damaged")
    with pytest.raises(OSError, match="FFmpeg"):
        [*make(film)]
    [*make(film)]
    assert len(greys(film.output)) == NUMBER


def test_parts_that_a_video_uses_again_count_as_needed_now(film, tmp_path):
    [*make(film)]
    old = {each: os.utime(each, (1, 1)) for each in tmp_path.glob("job-*-part")}
    [*make(without(film, LENGTH, str(tmp_path / "job-2.mp4")))]
    times = [each.stat().st_mtime for each in old if each.exists()]
    assert len(times) == 2
    assert min(times) > 1
