"""Previews: the newest image reaches the Manager, and a task never waits for it."""

import io
from pathlib import Path

import attrs
import httpx
import pytest
import trio
from PIL import Image

from tests.worker.fake_manager import task
from tests.worker.running import running_worker
from worker.previews import Output, Previews, as_jpeg
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
        with trio.fail_after(20):
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
            await trio.testing.wait_all_tasks_blocked(0.2)
            nursery.cancel_scope.cancel()
    assert [path.split("/")[-2] for path in asked] == ["task-0", "task-4"]


@pytest.mark.parametrize(
    ("name", "content", "warning"),
    [("gone.png", None, "No such file"), ("bad.png", b"not a picture", "cannot identify image")],
)
async def test_what_cannot_be_sent_is_only_logged(tmp_path, caplog, name, content, warning):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    previews = Previews(httpx.AsyncClient(), Known())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(previews.run)
        previews.offer(Output("task", tmp_path / name))
        await trio.testing.wait_all_tasks_blocked(0.2)
        nursery.cancel_scope.cancel()
    assert warning in caplog.text


async def test_images_nobody_can_show_are_skipped_silently(caplog):
    previews = Previews(httpx.AsyncClient(), Known())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(previews.run)
        previews.offer(Output("task", Path("/farm/frame.exr")))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert not caplog.records


def test_sixteen_bits_of_grey_keep_their_brightness(tmp_path):
    Image.new("I;16", (4, 4), 32768).save(tmp_path / "grey.png")
    sent = Image.open(io.BytesIO(as_jpeg(tmp_path / "grey.png")))
    assert abs(sent.getpixel((1, 1))[0] - 128) <= 2
