"""A video of the built-in job types looks as its frames do, whatever their format."""

import json
import subprocess
import sys
from contextlib import closing

import imageio_ffmpeg
import numpy as np
import psutil
import pytest
import trio
from PIL import Image

from flamenco.jobtypes.videos import video_parameters
from flamenco.pictures.maker import MEMORY
from tests.patience import PATIENCE
from tests.pictures.files import write
from tests.sounds import heard, tone
from tests.worker.commands.shop import Bench, program
from worker.command import CommandFailed
from worker.showing import Reader

SIZE = (64, 36)
GREY_OF_LIGHT = 118
"""18 % of the light of white, in sRGB."""


def parameters(folder, frames="1-3", suffix=".png", **others):
    """The parameters of a built-in job type."""
    return {
        "exe": "ffmpeg",
        "inputGlob": str(folder / f"*{suffix}"),
        "outputFile": str(folder / "video.mp4"),
        **video_parameters(24.0, frames, str(folder / "######")),
        **others,
    }


async def made(folder, frames="1-3", **others):
    """The pixels of the video of the frames in a folder, and what was warned of."""
    program("ffmpeg")
    bench = await Bench().run("frames-to-video", **parameters(folder, frames, **others))
    return pixels(folder / "video.mp4"), bench.warnings


def streams(video):
    """What is told of the streams of a video."""
    command = [program("ffprobe"), "-v", "error", "-show_streams", "-of", "json", str(video)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["streams"]


def raw(video, pixel_format, *options):
    """The numbers of a video's pixels."""
    command = [program("ffmpeg"), "-v", "error", "-i", str(video), *options]
    command += ["-f", "rawvideo", "-pix_fmt", pixel_format, "-"]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(output, np.uint8)


def pixels(video):
    """The pixels as a player of HD shows them, by frame, line and column."""
    found = raw(video, "rgb24", "-vf", "scale=in_color_matrix=bt709:in_range=tv")
    width, height = streams(video)[0]["width"], streams(video)[0]["height"]
    return found.reshape(-1, height, width, 3).astype(int)


def middles(found):
    """Colour of the middle of each frame."""
    return [tuple(each[each.shape[0] // 2, each.shape[1] // 2]) for each in found]


def near(found, expected, tolerance=3):
    return np.abs(np.array(found) - np.array(expected)).max() <= tolerance


def grey(path, value, size=SIZE):
    Image.new("RGB", size, (value,) * 3).save(path)


async def test_colours_are_those_of_hd(tmp_path):
    Image.new("RGB", (1280, 720), (255, 0, 0)).save(tmp_path / "000001.png")
    found, _ = await made(tmp_path, "1")
    video = tmp_path / "video.mp4"
    planes = raw(video, "yuv420p")
    assert near((planes[0], planes[1280 * 720], planes[-1]), (63, 102, 240), 1)
    assert near(found[0, 0, 0], (255, 0, 0))
    stream = streams(video)[0]
    tags = ("color_space", "color_primaries", "color_transfer", "color_range")
    assert [stream[tag] for tag in tags] == ["bt709", "bt709", "bt709", "tv"]


async def test_the_ffmpeg_of_the_installation_makes_the_same(tmp_path):
    Image.new("RGB", (1280, 720), (255, 0, 0)).save(tmp_path / "000001.png")
    found, _ = await made(tmp_path, "1", exe=imageio_ffmpeg.get_ffmpeg_exe())
    assert near(found[0, 0, 0], (255, 0, 0))
    assert streams(tmp_path / "video.mp4")[0]["color_space"] == "bt709"


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tga", ".webp"])
async def test_what_is_transparent_lies_over_black(tmp_path, suffix):
    for number, alpha in ((1, 0), (2, 64), (3, 255)):
        white = Image.new("RGBA", SIZE, (255, 255, 255, alpha))
        white.save(tmp_path / f"00000{number}{suffix}")
    found, _ = await made(tmp_path, suffix=suffix)
    assert near(middles(found), [(0,) * 3, (64,) * 3, (255,) * 3])


async def test_colours_that_are_multiplied_already_are_not_multiplied_again(tmp_path):
    names = ("R", "G", "B", "A")
    write(tmp_path / "000001.tif", (64 / 255,) * 4, names, kind="uint8", size=SIZE)
    write(tmp_path / "000002.exr", (0.18, 0.18, 0.18, 0.25), names, size=SIZE)
    tif, _ = await made(tmp_path, "1", suffix=".tif")
    assert near(middles(tif), [(64,) * 3])
    exr, _ = await made(tmp_path, "2", suffix=".exr")
    assert near(middles(exr), [(GREY_OF_LIGHT,) * 3])


@pytest.mark.parametrize("suffix", [".exr", ".hdr"])
async def test_light_is_shown_as_screens_show_it(tmp_path, suffix):
    for number in (1, 2):
        kind = "float" if suffix == ".hdr" else "half"
        write(tmp_path / f"00000{number}{suffix}", 0.18, kind=kind, size=SIZE)
    found, warnings = await made(tmp_path, "1-2", suffix=suffix)
    assert near(middles(found), [(GREY_OF_LIGHT,) * 3] * 2)
    assert warnings == []


@pytest.mark.parametrize(
    ("suffix", "format_"),
    [(".rgb", "SGI"), (".jp2", None), (".avif", None), (".bmp", None), (".tga", None)],
)
async def test_what_ffmpeg_may_not_know_is_read_too(tmp_path, suffix, format_):
    for number, value in ((1, 40), (2, 200)):
        picture = Image.new("RGB", SIZE, (value, 100, 50))
        picture.save(tmp_path / f"00000{number}{suffix}", format_)
    found, _ = await made(tmp_path, "1-2", suffix=suffix)
    assert near(middles(found), [(40, 100, 50), (200, 100, 50)], 5)


async def test_one_view_of_a_stereoscopic_job_is_shown(tmp_path):
    for number in (1, 2, 3):
        grey(tmp_path / f"00000{number}_L.png", 50 * number)
        grey(tmp_path / f"00000{number}_R.png", 250)
    found, warnings = await made(tmp_path)
    assert near(middles(found), [(50 * number,) * 3 for number in (1, 2, 3)])
    assert warnings == []


async def test_what_other_nodes_write_beside_a_frame_is_not_in_its_video(tmp_path):
    for number in (1, 2, 3):
        grey(tmp_path / f"00000{number}-a.png", 250)
        grey(tmp_path / f"00000{number}.png", 50 * number)
    found, _ = await made(tmp_path)
    assert near(middles(found), [(50 * number,) * 3 for number in (1, 2, 3)])


@pytest.mark.parametrize(
    ("frames", "numbers"),
    [
        ("9998-10001", ("009998", "009999", "010000", "010001")),
        ("-2-1", ("-000002", "-000001", "000000", "000001")),
        ("3,7,20-21", ("000003", "000007", "000020", "000021")),
    ],
)
async def test_frames_come_in_order_and_a_gap_takes_no_time(tmp_path, frames, numbers):
    for value, number in zip((50, 100, 150, 200), numbers, strict=True):
        grey(tmp_path / f"{number}.png", value)
    found, warnings = await made(tmp_path, frames)
    assert near(middles(found), [(value,) * 3 for value in (50, 100, 150, 200)])
    assert warnings == []


async def test_odd_sizes_keep_every_pixel(tmp_path):
    grey(tmp_path / "000001.png", 200, (65, 37))
    found, _ = await made(tmp_path, "1")
    assert found.shape[:3] == (1, 38, 66)
    assert near(found[0, :36, :64], 200)


async def test_frames_of_other_sizes_are_fitted_into_the_first(tmp_path):
    for number, size in ((1, (64, 36)), (2, (128, 72)), (3, (36, 36))):
        grey(tmp_path / f"00000{number}.png", 200, size)
    found, _ = await made(tmp_path)
    assert found.shape[:3] == (3, 36, 64)
    assert near(middles(found), [(200,) * 3] * 3)
    assert near(found[1, 0, 0], 200)
    assert near(found[2, 18, 4], 0)


async def test_frames_that_are_missing_or_broken_are_black_and_told(tmp_path):
    for number in (3, 5):
        grey(tmp_path / f"00000{number}.png", 50 * number)
    (tmp_path / "000001.png").write_bytes(b"half a frame")
    found, warnings = await made(tmp_path, "1-5")
    assert near([each[0] for each in middles(found)], [0, 0, 150, 0, 250])
    begin = "frames that are black in the video, since they"
    missing, broken = warnings
    assert missing == f"{begin} are missing: 2 of 1-5"
    assert broken.startswith(f"{begin} can't be read: 1, such as 000001.png: ")


async def test_without_a_frame_that_can_be_read_there_is_no_video_and_a_sentence(tmp_path):
    for number in (1, 2, 3):
        (tmp_path / f"00000{number}.png").write_bytes(b"no frame")
    (tmp_path / "video.mp4").write_bytes(b"older")
    bench = await Bench().run("frames-to-video", **parameters(tmp_path))
    assert len(bench.warnings) == 1
    assert bench.warnings[0].startswith("there is no video, since no frame can be read: 000001.png")
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        *(f"00000{number}.png" for number in (1, 2, 3)),
        "video.mp4",
    ]


async def test_a_video_may_end_before_its_frames(tmp_path):
    grey(tmp_path / "000001.png", 100, (640, 360))
    asked = parameters(tmp_path, "1-300")
    asked["args"] += ["-frames:v", 2]
    with trio.fail_after(PATIENCE):
        await Bench().run("frames-to-video", **asked)
    assert len(pixels(tmp_path / "video.mp4")) == 2


async def test_light_does_not_change_with_what_comes_beside_it(tmp_path):
    for number, sun in ((1, 0.5), (2, 5.0), (3, 60.0)):
        whole = np.full((*SIZE[::-1], 3), 0.5, np.float32)
        whole[:4, :4] = sun
        write(tmp_path / f"00000{number}.exr", whole, size=SIZE)
    found, _ = await made(tmp_path, suffix=".exr")
    assert near(middles(found), [(188,) * 3] * 3)


FAULTY = """
import os
from flamenco.pictures import maker, reading
whole = reading.read
maker.SECONDS = 2
def read(path, *others, **more):
    if path.name == "000002.png":
        os.abort()
    while path.name == "000004.png":
        pass
    return whole(path, *others, **more)
reading.read = read
"""


@pytest.mark.slow
async def test_a_frame_that_crashes_or_hangs_a_library_costs_no_other(tmp_path, monkeypatch):
    (tmp_path / "faults").mkdir()
    (tmp_path / "faults" / "sitecustomize.py").write_text(FAULTY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "faults"))
    for number in range(1, 6):
        grey(tmp_path / f"00000{number}.png", 40 * number)
    with trio.fail_after(PATIENCE):
        found, (warning,) = await made(tmp_path, "1-5")
    assert near([each[0] for each in middles(found)], [40, 0, 120, 0, 200])
    assert "can't be read: 2, such as 000002.png: the program that reads it gave up" in warning


async def test_what_reads_frames_is_limited_in_memory(tmp_path):
    if sys.platform != "linux":
        pytest.skip("only Linux limits the address space")
    grey(tmp_path / "000001.png", 100)
    with closing(Reader()) as reader:
        assert reader.read(str(tmp_path / "000001.png")).size == SIZE
        children = psutil.Process().children()
        child = next(each for each in children if "worker.reading" in each.cmdline())
        assert child.rlimit(psutil.RLIMIT_AS) == (MEMORY, MEMORY)


async def test_a_fault_of_ffmpeg_fails_the_task(tmp_path):
    grey(tmp_path / "000001.png", 100, (1920, 1080))
    asked = parameters(tmp_path, "1") | {"args": ["-c:v", "no-such-codec", "-y"]}
    with pytest.raises(CommandFailed, match="exited abnormally"):
        await Bench().run("frames-to-video", **asked)


@pytest.mark.parametrize(
    ("frames", "begins", "ends"), [("1-48", 0.0, 1.0), ("-12-24", 0.5, 1.5), ("1-12", 0.0, 0.5)]
)
async def test_sound_begins_with_its_frame_and_ends_with_the_video(tmp_path, frames, begins, ends):
    grey(tmp_path / "000001.png", 100)
    sound = {"sound": str(tone(tmp_path / "sound.wav", 1.0))}
    sound["soundFrame"] = 1 if begins == 0 else 0
    await made(tmp_path, frames, **sound)
    assert heard(tmp_path / "video.mp4") == pytest.approx((begins, ends), abs=0.03)
    picture, _ = streams(tmp_path / "video.mp4")
    assert int(picture["nb_frames"]) == {"1-48": 48, "-12-24": 37, "1-12": 12}[frames]


async def test_a_sound_that_is_missing_is_told(tmp_path):
    grey(tmp_path / "000001.png", 100)
    _, warnings = await made(tmp_path, "1", sound=str(tmp_path / "shot.flac"))
    assert warnings == ["the video has no sound, since shot.flac is missing"]
    assert len(streams(tmp_path / "video.mp4")) == 1


async def test_why_the_sound_of_a_scene_is_left_out_is_told(tmp_path):
    grey(tmp_path / "000001.png", 100)
    _, warnings = await made(tmp_path, "1", noSound="it begins after the last frame")
    assert warnings == ["the video has no sound, since it begins after the last frame"]
