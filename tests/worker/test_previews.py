"""Previews: the newest image reaches the Manager, and a task never waits for it."""

import io
from pathlib import Path

import attrs
import httpx
import numpy as np
import OpenImageIO
import pytest
import trio
from PIL import Image

from tests.patience import PATIENCE, until
from tests.worker.fake_manager import task
from tests.worker.running import running_worker
from worker.previews import Output, Previews, as_jpeg, jpeg_of
from worker.registration import Credentials


@attrs.frozen
class Known:
    credentials: Credentials = attrs.field(
        factory=lambda: Credentials(worker_id="id", worker_secret="secret")
    )


def picture(path, colour="teal", mode="RGB"):
    Image.new(mode, (40, 20), colour).save(path)
    return path


async def test_a_rendered_frame_arrives_as_jpeg(manager, config, tmp_path):
    frame = picture(tmp_path / "frame.png")
    parameters = {"exe": "sh", "blendfile": "", "args": ["-c", f"echo \"Saved: '{frame}'\""]}
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(("blender-render", parameters)))
        await session.outcome()
        with trio.fail_after(PATIENCE):
            preview = await manager.previews.receive()
    assert preview.content_type == "image/jpeg"
    assert preview.length == len(preview.body)
    sent = Image.open(io.BytesIO(preview.body))
    assert (sent.format, sent.size) == ("JPEG", (40, 20))


async def test_of_the_images_that_wait_only_the_newest_is_sent(tmp_path):
    asked, may_answer = [], trio.Event()
    first_asked = trio.Event()

    async def answer(request):
        asked.append(request.url.path)
        first_asked.set()
        await may_answer.wait()
        return httpx.Response(202)

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(base_url="http://manager", transport=transport) as http:
        previews = Previews(http, Known())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(previews.run)
            frames = [picture(tmp_path / f"{n}.png") for n in range(5)]
            previews.offer(Output("task-0", frames[0]))
            await first_asked.wait()
            for number in range(1, 5):
                previews.offer(Output(f"task-{number}", frames[number]))
            may_answer.set()
            await until(lambda: len(asked) > 1)
            await trio.testing.wait_all_tasks_blocked(0.2)
            nursery.cancel_scope.cancel()
    assert [path.split("/")[-2] for path in asked] == ["task-0", "task-4"]


def tap(emit, happened):
    """Let an event tell that something was logged."""

    def emit_and_tell(record):
        emit(record)
        happened.set()

    return emit_and_tell


@pytest.mark.parametrize(
    ("name", "content", "warning"),
    [("gone.png", None, "No such file"), ("bad.png", b"not a picture", "cannot identify image")],
)
async def test_what_cannot_be_sent_is_only_logged(
    tmp_path, caplog, monkeypatch, name, content, warning
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    complained = trio.Event()
    monkeypatch.setattr(caplog.handler, "emit", tap(caplog.handler.emit, complained))
    previews = Previews(httpx.AsyncClient(), Known())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(previews.run)
        previews.offer(Output("task", tmp_path / name))
        with trio.fail_after(PATIENCE):
            await complained.wait()
        nursery.cancel_scope.cancel()
    assert warning in caplog.text


async def test_images_nobody_can_show_are_skipped_silently(caplog):
    previews = Previews(httpx.AsyncClient(), Known())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(previews.run)
        previews.offer(Output("task", Path("/farm/frame.blend")))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert not caplog.records


def test_sixteen_bits_of_grey_keep_their_brightness(tmp_path):
    Image.new("I;16", (4, 4), 32768).save(tmp_path / "grey.png")
    sent = Image.open(io.BytesIO(as_jpeg(tmp_path / "grey.png")))
    assert abs(sent.getpixel((1, 1))[0] - 128) <= 2


def write(path, pixels, names=("R", "G", "B")):
    """Write a picture of 32 by 16 pixels of one colour with OpenImageIO."""
    spec = OpenImageIO.ImageSpec(32, 16, len(names), "half" if path.suffix == ".exr" else "uint16")
    spec.channelnames = names
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    out.write_image(np.full((16, 32, len(names)), pixels, np.float32))
    out.close()
    return path


async def colour_of(path):
    """The colour in the middle of the preview of a picture."""
    sent = Image.open(io.BytesIO(await jpeg_of(path)))
    assert (sent.format, sent.size) == ("JPEG", (32, 16))
    return sent.getpixel((16, 8))


def near(colour, expected):
    return all(abs(a - b) <= 4 for a, b in zip(colour, expected, strict=True))


async def test_light_is_shown_as_screens_show_it(tmp_path):
    """18 % of grey is 118 of 255 in sRGB."""
    assert near(await colour_of(write(tmp_path / "grey.exr", 0.18)), (118, 118, 118))


async def test_light_beyond_white_keeps_its_colour_and_does_not_burn_out(tmp_path):
    path = write(tmp_path / "sun.exr", (8.0, 4.0, 0.0))
    with_nan = write(tmp_path / "nan.exr", float("nan"))
    red, green, blue = await colour_of(path)
    assert red > green > blue
    assert 200 < red <= 255
    assert near(await colour_of(with_nan), (0, 0, 0))


async def test_of_several_layers_the_combined_one_is_shown(tmp_path):
    layers = ("Depth.Z", "View.Diffuse.R", "View.Diffuse.G", "View.Diffuse.B")
    layers += ("View.Combined.R", "View.Combined.G", "View.Combined.B")
    path = write(tmp_path / "layers.exr", (9, 1, 1, 1, 0.18, 0.18, 0.18), layers)
    assert near(await colour_of(path), (118, 118, 118))


async def test_a_picture_of_one_channel_is_grey(tmp_path):
    assert near(await colour_of(write(tmp_path / "y.exr", 0.18, ("Y",))), (118, 118, 118))


async def test_sixteen_bits_of_colour_in_tiff_are_shown(tmp_path):
    path = write(tmp_path / "frame.tif", (0.5, 0.25, 0.0))
    assert near(await colour_of(path), (128, 64, 0))


@pytest.mark.parametrize("name", ["bad.exr", "gone.exr"])
async def test_what_is_no_picture_is_only_a_sentence(tmp_path, name):
    (tmp_path / "bad.exr").write_bytes(b"not a picture" * 100)
    with pytest.raises(ValueError, match=r"(?i)exr|open|file"):
        await jpeg_of(tmp_path / name)


async def test_a_picture_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("worker.previews.TONEMAP_SECONDS", 0.0)
    with pytest.raises(ValueError, match="takes more than"):
        await jpeg_of(write(tmp_path / "grey.exr", 0.18))
