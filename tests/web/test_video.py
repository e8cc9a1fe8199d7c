"""A video of a job's frames is there at any time, whatever became of them, and can be sought in."""

import io
import json
import os
import subprocess
import threading

import attrs
import pytest
import trio
from PIL import Image

from flamenco.manager.films import film_of
from flamenco.manager.videos import FRESH_SECONDS
from flamenco.pictures.videos import VideoFiles
from tests.patience import PATIENCE, until
from tests.programs import need
from tests.web.conftest import JOB, call
from tests.web.test_frames import FRAMES_JOB
from tests.web.test_pictures import text
from tests.web.test_worker_calls import NOBODY, awake

pytestmark = pytest.mark.slow

COLOURS = {1: (200, 30, 30), 2: (30, 200, 30), 3: (30, 30, 200)}


def jpeg(colour, size) -> str:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, "JPEG", quality=90)
    return text(content.getvalue())


async def rendered(anna, frame, size=(600, 338), colour=None, **changes):
    """The next task is done, and its frame has a picture."""
    task = await anna.gets_task()
    colour = colour or COLOURS[frame]
    both = {"large": jpeg(colour, size), "small": jpeg(colour, (64, 36))}
    body = {"lease": 1, "frame": frame, "width": size[0], "height": size[1], **both, **changes}
    await anna.says("POST", f"task/{task['uuid']}/picture", body, 204)
    await anna.completes(task)


@pytest.fixture
async def job(edge):
    return (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]


async def video(edge, job, query="", headers=None):
    """The answer, once it is no longer in the making."""
    with trio.fail_after(PATIENCE):
        while True:
            answer = await edge.http.get(f"/api/v3/jobs/{job}/video{query}", headers=headers)
            if answer.status_code != 202:
                return answer
            progress = answer.json()
            assert 0 <= progress["done"] <= progress["of"]
            await trio.sleep(0.1)


@attrs.frozen
class Seen:
    """A video, as FFmpeg sees it."""

    stream: dict
    pixels: list[Image.Image]


def seen(tmp_path, content: bytes) -> Seen:
    file = tmp_path / "video"
    file.write_bytes(content)
    probe = [need("ffprobe"), "-v", "error", "-show_streams", "-count_frames", "-of", "json", file]
    found = subprocess.run(probe, capture_output=True, check=True)
    (stream,) = json.loads(found.stdout)["streams"]
    size = stream["width"], stream["height"]
    raw = [need("ffmpeg"), "-v", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(raw, capture_output=True, check=True).stdout
    bytes_of_one = 3 * size[0] * size[1]
    frames = [data[at : at + bytes_of_one] for at in range(0, len(data), bytes_of_one)]
    return Seen(stream, [Image.frombytes("RGB", size, each) for each in frames])


def middle(picture):
    return picture.getpixel((picture.width // 2, picture.height // 2))


def is_close(one, other):
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("kind", "codec"), [("mp4", "h264"), ("webm", "vp9")])
async def test_the_video_shows_the_frames_in_order_at_the_rate_of_the_job(
    edge, job, tmp_path, kind, codec
):
    anna = await awake(edge)
    for frame in (1, 2, 3):
        await rendered(anna, frame)
    answer = await video(edge, job, f"?format={kind}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, f"video/{kind}")
    found = seen(tmp_path, answer.content)
    stream = found.stream
    assert (stream["codec_name"], stream["nb_read_frames"]) == (codec, "3")
    assert (stream["width"], stream["height"]) == (600, 338)
    assert stream["r_frame_rate"] == "24/1"
    tags = ("color_space", "color_transfer", "color_primaries", "color_range")
    assert [stream.get(each) for each in tags] == ["bt709", "bt709", "bt709", "tv"]
    for frame, picture in zip(COLOURS, found.pixels, strict=True):
        assert is_close(middle(picture), COLOURS[frame])


async def test_what_is_not_rendered_or_broken_is_black_with_its_number(edge, job, tmp_path):
    anna = await awake(edge)
    await rendered(anna, 1, large=text(b"\xff\xd8\xff broken"))
    await rendered(anna, 2)
    pictures = seen(tmp_path, (await video(edge, job)).content).pixels
    broken, whole, missing = pictures
    assert is_close(middle(whole), COLOURS[2])
    for picture in (broken, missing):
        assert is_close(picture.getpixel((5, 5)), (0, 0, 0))
        assert max(high for _, high in picture.getextrema()) > 80
    assert broken.tobytes() != missing.tobytes()


async def test_pictures_of_other_sizes_and_odd_ones_lie_in_the_middle(edge, job, tmp_path):
    anna = await awake(edge)
    for frame, size in ((1, (301, 169)), (2, (99, 201)), (3, (21, 13))):
        await rendered(anna, frame, size)
    found = seen(tmp_path, (await video(edge, job)).content)
    assert (found.stream["width"], found.stream["height"]) == (302, 202)
    for frame, picture in zip(COLOURS, found.pixels, strict=True):
        assert is_close(middle(picture), COLOURS[frame])
    assert is_close(found.pixels[1].getpixel((10, 100)), (0, 0, 0))


async def test_one_eye_of_a_frame_is_shown(edge, job, tmp_path):
    anna = await awake(edge)
    task = await anna.gets_task()
    for output, colour in (("R", (0, 0, 250)), ("L", (250, 0, 0))):
        both = {"large": jpeg(colour, (60, 40)), "small": jpeg(colour, (60, 40))}
        body = {"lease": 1, "frame": 1, "output": output, "width": 60, "height": 40, **both}
        await anna.says("POST", f"task/{task['uuid']}/picture", body, 204)
    found = seen(tmp_path, (await video(edge, job)).content)
    assert len(found.pixels) == 3
    assert is_close(middle(found.pixels[0]), (250, 0, 0))


async def test_one_of_several_outputs_is_shown_of_the_frames_that_have_it(edge, job, tmp_path):
    anna = await awake(edge)
    for frame, outputs in ((1, ("Day", "Night")), (2, ("Day",))):
        task = await anna.gets_task()
        for output in outputs:
            colour = (0, 0, 250) if output == "Night" else (250, 0, 0)
            both = {"large": jpeg(colour, (60, 40)), "small": jpeg(colour, (60, 40))}
            body = {"lease": 1, "frame": frame, "output": output, "width": 60, "height": 40, **both}
            await anna.says("POST", f"task/{task['uuid']}/picture", body, 204)
        await anna.completes(task)
    night = seen(tmp_path, (await video(edge, job, "?output=Night")).content)
    assert [is_close(middle(each), (0, 0, 250)) for each in night.pixels] == [True]
    day = seen(tmp_path, (await video(edge, job, "?output=Day")).content)
    assert len(day.pixels) == 2
    assert (await video(edge, job, "?output=Dusk")).status_code == 404


async def test_a_video_is_kept_until_frames_change(edge, job, monkeypatch):
    monkeypatch.setattr("flamenco.manager.videos.FRESH_SECONDS", 0.0)
    anna = await awake(edge)
    first = await video(edge, job)
    kept = await edge.http.get(f"/api/v3/jobs/{job}/video")
    assert (kept.status_code, kept.content) == (200, first.content)
    tag = first.headers["ETag"]
    known = await edge.http.get(f"/api/v3/jobs/{job}/video", headers={"If-None-Match": tag})
    assert (known.status_code, known.content) == (304, b"")
    await rendered(anna, 1)
    assert (await edge.http.get(f"/api/v3/jobs/{job}/video")).status_code == 202
    second = await video(edge, job)
    assert second.headers["ETag"] != tag
    names = [each.suffix for each in (edge.storage / "local" / "videos").iterdir()]
    assert sorted(names) == [".mp4", ".mp4-part"]


async def test_a_part_of_a_video_is_sent_also_after_frames_have_changed(edge, job, monkeypatch):
    anna = await awake(edge)
    whole = (await video(edge, job)).content
    monkeypatch.setattr("flamenco.manager.videos.FRESH_SECONDS", 0.0)
    await rendered(anna, 1)
    part = await video(edge, job, headers={"Range": "bytes=10-29"})
    assert (part.status_code, part.content) == (206, whole[10:30])
    assert part.headers["Content-Range"] == f"bytes 10-29/{len(whole)}"
    beyond = await video(edge, job, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416


async def test_a_job_that_is_rendered_shows_a_video_though_it_is_always_behind(edge, job):
    anna = await awake(edge)
    assert FRESH_SECONDS > 1
    first = await video(edge, job)
    await rendered(anna, 1)
    again = await edge.http.get(f"/api/v3/jobs/{job}/video")
    assert (again.status_code, again.content) == (200, first.content)


async def test_the_list_of_one_job_keeps_no_other_waiting_for_its_video(edge, job, monkeypatch):
    other = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
    begun, goes_on = threading.Event(), threading.Event()

    def slow(of, *rest, **named):
        if of.id == job:
            begun.set()
            goes_on.wait(PATIENCE)
        return film_of(of, *rest, **named)

    monkeypatch.setattr("flamenco.manager.videos.film_of", slow)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(video, edge, job)
        await until(begun.is_set)
        assert (await video(edge, other)).status_code == 200
        goes_on.set()


async def test_only_a_job_without_frames_has_no_video(edge):
    job = (await call(edge, "POST", "jobs", JOB))["id"]
    await call(edge, "GET", f"jobs/{job}/video", None, 404)
    await call(edge, "GET", f"jobs/{NOBODY}/video", None, 404)
    await call(edge, "GET", f"jobs/{job}/video?format=gif", None, 400)


async def test_why_there_is_no_video_is_told_and_it_is_tried_again(edge, job, monkeypatch):
    with monkeypatch.context() as without:
        without.setenv("PATH", "/nowhere")
        without.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
        answer = await video(edge, job)
    assert answer.status_code == 409
    assert "no video can be made" in answer.json()["message"]
    assert (await video(edge, job)).status_code == 200


async def test_nothing_stays_of_a_video_that_was_not_made(edge, job, monkeypatch, tmp_path):
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho half > 0\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    answer = await video(edge, job)
    assert answer.status_code == 409
    assert not [*(edge.storage / "local" / "videos").glob("*")]


async def test_older_videos_go_while_none_is_made_that_may_use_their_parts(edge, job, monkeypatch):
    second, made, meanwhile = threading.Event(), [], []

    async def make_video(film, tell) -> None:
        made.append(film)
        if len(made) == 2:
            second.set()
        await trio.Path(film.output).write_bytes(b"video")

    def make_room(self, job_id, newest) -> None:
        meanwhile.append(not meanwhile and second.wait(0.5))

    monkeypatch.setattr("flamenco.manager.videos.make_video", make_video)
    monkeypatch.setattr(VideoFiles, "make_room", make_room)
    other = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(video, edge, job)
        nursery.start_soon(video, edge, other)
    await until(lambda: len(meanwhile) == 2)
    assert meanwhile == [False, False]


async def test_the_video_goes_with_its_job(edge, job):
    await video(edge, job)
    folder = edge.storage / "local" / "videos"
    assert [*folder.glob("*")]
    await call(edge, "DELETE", f"jobs/{job}", None, 204)
    await until(lambda: not [*folder.glob("*")])
