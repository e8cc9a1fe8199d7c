"""Pictures of rendered frames reach the Manager, and a task never waits for them."""

import errno
import io

import attrs
import httpx
import msgspec
import pytest
import trio
from PIL import Image

from flamenco.api.pictures import FramePicture
from flamenco.pictures.making import Maker
from tests.patience import PATIENCE, until
from tests.worker.fake_manager import task
from tests.worker.running import running_worker
from worker import pictures
from worker.credentials import Credentials
from worker.executor import FrameTimes
from worker.pictures import Output, PictureService


@attrs.frozen
class Known:
    credentials: Credentials = attrs.field(
        factory=lambda: Credentials(worker_id="id", worker_secret="secret")
    )

    def headers(self):
        return {"Authorization": self.credentials.basic.decode()}


def picture(path, size=(40, 20)):
    Image.new("RGB", size, "teal").save(path)
    return path


def output(path, frame=1, task_id="task", name=""):
    return Output(task_id=task_id, lease=7, frame=frame, output=name, path=path)


@attrs.define(eq=False)
class Taker:
    """A Manager that takes pictures, or answers otherwise."""

    answers: dict = attrs.field(factory=dict)
    """{end of a path: status codes to answer with, one after the other}"""
    taken: list = attrs.field(factory=list)

    async def __call__(self, request):
        end = request.url.path.rpartition("/")[2]
        status = self.answers[end].pop(0) if self.answers.get(end) else 204
        if isinstance(status, trio.Event):
            await status.wait()
            status = 204
        if status == 0:
            raise httpx.ConnectError("gone")
        body = request.content
        self.taken.append(
            (
                end,
                status,
                msgspec.json.decode(body, type=FramePicture) if end == "picture" else body,
            )
        )
        return httpx.Response(status)

    def frames(self, status=204):
        return [body.frame for end, code, body in self.taken if code == status]


@pytest.fixture
async def taker():
    return Taker()


@pytest.fixture
async def service(taker, nursery):
    async with httpx.AsyncClient(
        base_url="http://manager", transport=httpx.MockTransport(taker)
    ) as http:
        service = PictureService(http, Known())
        nursery.start_soon(service.run)
        yield service


async def sent(service):
    with trio.fail_after(PATIENCE):
        await service.wait_until_sent()


async def test_a_rendered_frame_arrives_with_its_lease(manager, config, tmp_path):
    frame = picture(tmp_path / "shot_0012.png")
    parameters = {"exe": "sh", "blendfile": "", "args": ["-c", f"echo \"Saved: '{frame}'\""]}
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        assign = task(("blender-render", parameters))
        await session.send(assign)
        await session.outcome()
        with trio.fail_after(PATIENCE):
            path, arrived = await manager.pictures.receive()
    assert path == f"/api/v3/worker/task/{assign.task_id}/picture"
    assert (arrived.lease, arrived.frame, arrived.output) == (assign.lease, 12, "")
    assert (arrived.width, arrived.height, arrived.reason) == (40, 20, "")
    for content in (arrived.small, arrived.large, arrived.newest):
        assert Image.open(io.BytesIO(content)).format == "JPEG"


async def test_every_frame_is_sent_and_only_the_newest_in_full_size(service, taker, tmp_path):
    gate = trio.Event()
    taker.answers["picture"] = [gate]
    frames = [picture(tmp_path / f"{n}.png") for n in range(5)]
    service.offer(output(frames[0], 0))
    await until(lambda: not taker.answers["picture"])
    for number in range(1, 5):
        service.offer(output(frames[number], number))
    gate.set()
    await sent(service)
    assert taker.frames() == [0, 1, 2, 3, 4]
    assert [bool(body.newest) for _, _, body in taker.taken] == [True, False, False, False, True]


async def test_what_a_file_output_node_adds_is_never_the_newest_frame(service, taker, tmp_path):
    frame = picture(tmp_path / "1.png")
    for number, name in enumerate(("passes/glow", "", "passes/glow")):
        service.offer(output(frame, number, name=name))
    await sent(service)
    assert [bool(body.newest) for _, _, body in taker.taken] == [False, True, False]


async def test_a_picture_waits_for_a_manager_that_is_away(service, taker, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "backoff", lambda _: 0.01)
    taker.answers["picture"] = [0, 503, 429, 0, 204]
    service.offer(output(picture(tmp_path / "1.png")))
    await sent(service)
    assert taker.frames() == [1]


async def test_a_picture_that_the_manager_refuses_is_not_sent_again(service, taker, tmp_path):
    taker.answers["picture"] = [409]
    service.offer(output(picture(tmp_path / "1.png"), 1))
    service.offer(output(picture(tmp_path / "2.png"), 2))
    await sent(service)
    assert (taker.frames(409), taker.frames()) == ([1], [2])


async def test_a_picture_that_the_manager_never_takes_holds_up_no_others(
    service, taker, tmp_path, monkeypatch
):
    monkeypatch.setattr(pictures, "backoff", lambda _: 0.0)
    taker.answers["picture"] = [0, 502, *[503] * 30]
    for number in (1, 2):
        service.offer(output(picture(tmp_path / f"{number}.png"), number))
    await sent(service)
    assert (taker.frames(503), taker.frames()) == ([1] * 30, [2])


async def test_flamenco_3s_manager_gets_the_newest_image(service, taker, tmp_path):
    taker.answers["picture"] = [404]
    service.offer(output(picture(tmp_path / "1.png")))
    await sent(service)
    assert [end for end, _, _ in taker.taken] == ["picture", "output-produced"]
    assert Image.open(io.BytesIO(taker.taken[1][2])).size == (40, 20)


async def test_a_file_that_is_still_being_written_is_looked_at_again(
    service, taker, tmp_path, monkeypatch
):
    monkeypatch.setattr(pictures, "PAUSES", (0.01,) * 1000)
    whole = picture(tmp_path / "whole.png", (400, 200)).read_bytes()
    path = tmp_path / "1.png"
    path.write_bytes(whole[: len(whole) // 2])
    service.offer(output(path, 1))
    service.offer(output(picture(tmp_path / "2.png"), 2))
    await until(lambda: taker.taken)
    path.write_bytes(whole)
    await until(lambda: len(taker.taken) == 2)
    assert taker.frames() == [2, 1]
    assert taker.taken[1][2].width == 400


async def test_a_worker_that_leaves_waits_also_for_files_that_come_late(
    service, taker, tmp_path, monkeypatch
):
    monkeypatch.setattr(pictures, "PAUSES", (0.3,) * 100)
    service.offer(output(tmp_path / "1.png", 1))
    await until(lambda: not service._waiting and not service._busy)
    picture(tmp_path / "1.png")
    await sent(service)
    assert taker.frames() == [1]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone.png", None, "the file is gone"),
        ("bad.png", b"not a picture", "can't be read"),
        ("scene.blend", b"BLENDER" * 100, "can't be read"),
    ],
)
async def test_the_manager_is_told_why_there_is_no_picture(
    service, taker, tmp_path, monkeypatch, name, content, reason
):
    monkeypatch.setattr(pictures, "PAUSES", (0.01,))
    if content is not None:
        (tmp_path / name).write_bytes(content)
    service.offer(output(tmp_path / name))
    await until(lambda: taker.taken)
    told = taker.taken[0][2]
    assert reason in told.reason
    assert told.small == told.large == told.newest == b""


async def test_a_program_that_breaks_costs_one_picture(service, taker, tmp_path, monkeypatch):
    make, made = Maker.make, []

    async def break_first(maker, path, kinds):
        made.append(path)
        if len(made) == 1:
            await maker._child.stdin.aclose()
        return await make(maker, path, kinds)

    monkeypatch.setattr(Maker, "make", break_first)
    for number in (1, 2):
        service.offer(output(picture(tmp_path / f"{number}.png"), number))
    await until(lambda: len(taker.taken) == 2)
    assert [bool(body.reason) for _, _, body in taker.taken] == [True, False]


async def test_a_program_that_can_not_be_started_is_tried_again(
    service, taker, tmp_path, monkeypatch
):
    monkeypatch.setattr(pictures, "RETRY_SECONDS", 0.01)
    open_maker, tries = pictures.open_maker, []

    def refuse_first():
        tries.append(1)
        if len(tries) == 1:
            raise OSError(errno.ENOMEM, "no memory")
        return open_maker()

    monkeypatch.setattr(pictures, "open_maker", refuse_first)
    service.offer(output(picture(tmp_path / "1.png")))
    await until(lambda: taker.taken)
    assert taker.frames() == [1]


async def test_the_program_ends_when_there_is_nothing_to_do(service, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "IDLE_SECONDS", 0.01)
    open_maker, makers = pictures.open_maker, []

    def note():
        makers.append(open_maker())
        return makers[-1]

    monkeypatch.setattr(pictures, "open_maker", note)
    for number in (1, 2):
        service.offer(output(picture(tmp_path / f"{number}.png"), number))
        await sent(service)
        await until(lambda number=number: len(makers) == number)
        await trio.testing.wait_all_tasks_blocked(0.1)
    assert len(makers) == 2


async def test_of_too_many_that_wait_the_oldest_goes(service, taker, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(pictures, "MOST_WAITING", 2)
    for number in (1, 2, 3):
        service.offer(output(picture(tmp_path / f"{number}.png"), number))
    await sent(service)
    assert taker.frames() == [2, 3]
    assert "1.png: too many wait" in caplog.text


async def test_the_manager_is_told_where_the_image_is_and_how_long_it_took(
    tmp_path, taker, service
):
    path = picture(tmp_path / "1.png")
    service.offer(attrs.evolve(output(path), seconds=2.5))
    await sent(service)
    ((_, _, told),) = taker.taken
    assert (told.file, told.seconds) == (str(path), 2.5)


async def test_a_frame_takes_the_time_since_the_one_before_it(autojump_clock):
    times = FrameTimes()
    took = []
    for frame, pause in ((1, 3.0), (1, 0.5), (2, 2.0), (5, 1.0), (5, 0.25)):
        await trio.sleep(pause)
        took.append(times.of(frame))
    assert took == [3.0, 3.5, 2.0, 1.0, 1.25]
