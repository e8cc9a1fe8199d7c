"""Pictures of frames are kept with their attempts, within the room of their job, and go with it."""

import io

import attrs
import pytest
from PIL import Image

from flamenco import clock, protocol
from flamenco.logs import job_folder
from flamenco.manager.images import ProcessImage
from flamenco.manager.jobs.messages import RemoveJob
from flamenco.manager.pictures import PictureKeeper, ShowNewest, TakePicture
from flamenco.manager.refusals import Conflict, NotFound
from flamenco.model.pictures import Picture
from flamenco.model.statuses import TaskStatus
from flamenco.pictures.files import PictureFiles
from flamenco.store import UnreadableRow
from tests.manager.faults import damage
from tests.manager.test_old_jobs import canceled, gone
from tests.patience import until


def image(size=(30, 20)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size).save(content, "JPEG")
    return content.getvalue()


@attrs.frozen
class Studio:
    """A worker with a task, and the pictures that it sends."""

    stage: object
    worker: object
    job: object
    assign: protocol.Assign

    async def send(self, frame, content=b"\xff\xd8\xff", *, lease=None, by=None, **said):
        large, small = content, content[:10]
        picture = Picture(
            job_id=self.job.id,
            task_id=self.assign.task_id,
            lease=self.assign.lease if lease is None else lease,
            frame=frame,
            output="",
            name="",
            made=clock.now(),
            **({"small": len(small), "large": len(large)} | said),
        )
        contents = {} if said else {"large": large, "small": small}
        worker_id = (by or self.worker).id
        message = TakePicture(picture=picture, contents=contents, worker_id=worker_id)
        await self.stage.farm.pictures.ask(message)

    async def kept(self):
        return await self.stage.farm.services.reader.pictures(self.job.id)

    def files(self):
        folder = self.stage.farm.services.paths.local / job_folder(self.job.id) / "pictures"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    async def again(self):
        """The same task, under the next lease."""
        await self.worker.report(self.assign, status=TaskStatus.QUEUED, activity="again")
        return attrs.evolve(self, assign=await self.worker.hears(protocol.Assign))


@pytest.fixture
async def studio(stage):
    worker = await stage.worker("anna")
    job = await stage.shaped("misc misc:0")
    return Studio(stage, worker, job, await worker.hears(protocol.Assign))


async def test_a_picture_is_kept_under_its_lease_also_when_that_is_over(studio):
    await studio.send(1)
    await studio.worker.complete(studio.assign)
    await studio.send(-2)
    kept = await studio.kept()
    assert [(each.frame, each.lease, each.small, each.large) for each in kept] == [
        (-2, 1, 3, 3),
        (1, 1, 3, 3),
    ]
    files = sorted(f"{each.name}-{kind}.jpg" for each in kept for kind in ("large", "small"))
    assert studio.files() == files


async def test_only_who_held_the_lease_may_send_a_picture(studio):
    bert = await studio.stage.worker("bert")
    with pytest.raises(Conflict, match="is over"):
        await studio.send(1, by=bert)
    with pytest.raises(Conflict, match="is over"):
        await studio.send(1, lease=studio.assign.lease + 1)
    assert await studio.kept() == []


async def test_the_pictures_of_earlier_attempts_stay(studio):
    await studio.send(1, b"\xff\xd8\xff first")
    later = await studio.again()
    await later.send(1, b"\xff\xd8\xff second")
    await studio.send(2, b"\xff\xd8\xff late")  # it was made before, and only comes now
    kept = await studio.kept()
    assert [(each.frame, each.lease) for each in kept] == [(1, 1), (1, 2), (2, 1)]
    assert len(studio.files()) == 6


async def test_a_picture_that_is_sent_again_takes_the_place_of_the_first(studio):
    for content in (b"\xff\xd8\xff first", b"\xff\xd8\xff second", b"\xff\xd8\xff second"):
        await studio.send(1, content)
    (kept,) = await studio.kept()
    assert studio.files() == [f"{kept.name}-large.jpg", f"{kept.name}-small.jpg"]


async def test_a_picture_that_is_sent_again_takes_its_room_once(studio):
    room(studio, 1)
    content = b"\xff\xd8\xff" + bytes(2**20 * 2 // 3)
    for _ in range(3):
        await studio.send(1, content)
        (kept,) = await studio.kept()
        assert (kept.reason, bool(kept.large)) == ("", True)
    await studio.send(2, content)
    assert [(each.frame, bool(each.large)) for each in await studio.kept()] == [
        (1, False),
        (2, True),
    ]


async def test_a_damaged_job_refuses_its_pictures_as_often_as_they_come(studio):
    folder = studio.stage.farm.services.paths.local.parent
    damage(folder, "UPDATE jobs SET settings = '{'")
    for _ in range(3):
        with pytest.raises(UnreadableRow, match="settings"):
            await studio.send(1)


async def test_the_reason_why_there_is_none_is_kept(studio):
    await studio.send(1, reason="it is a deep image", small=0, large=0)
    (kept,) = await studio.kept()
    assert (kept.reason, kept.name, kept.size) == ("it is a deep image", "", 0)
    await studio.send(1)
    (kept,) = await studio.kept()
    assert (kept.reason, kept.size) == ("", 6)


def room(studio, mebibytes):
    services = studio.stage.farm.services
    services.config = attrs.evolve(services.config, job_pictures_size=mebibytes)


async def test_earlier_attempts_make_room_first_and_then_the_large_ones(studio):
    room(studio, 1)
    third = b"\xff\xd8\xff" + bytes(2**20 // 3 - 100)
    await studio.send(1, third + b"1")
    await studio.send(2, third + b"2")
    later = await studio.again()
    await later.send(1, third + b"3")
    assert [(e.frame, e.lease, bool(e.large)) for e in await later.kept()] == [
        (1, 1, True),
        (1, 2, True),
        (2, 1, True),
    ]
    await later.send(3, third + b"4")
    assert [(e.frame, e.lease, bool(e.large)) for e in await later.kept()] == [
        (1, 2, True),
        (2, 1, False),
        (3, 2, True),
    ]
    await later.send(4, third + b"5")
    kept = await later.kept()
    assert [(e.frame, e.lease, bool(e.large), bool(e.small)) for e in kept] == [
        (1, 2, True, True),
        (2, 1, False, True),
        (3, 2, True, True),
        (4, 2, True, True),
    ]
    assert len(studio.files()) == 7
    await later.send(5, third * 4)
    assert "no room" in (await later.kept())[-1].reason
    assert sum(each.size for each in await later.kept()) <= 2**20


async def test_a_keeper_that_begins_anew_knows_how_much_there_is(studio, monkeypatch):
    room(studio, 1)
    half = b"\xff\xd8\xff" + bytes(2**19)
    await studio.send(1, half)
    show = PictureKeeper._show

    async def crash(*_):
        monkeypatch.setattr(PictureKeeper, "_show", show)
        raise RuntimeError("as if")

    monkeypatch.setattr(PictureKeeper, "_show", crash)
    with pytest.raises(Exception, match="crashed"):
        await studio.send(2)
    await studio.send(2, half)
    kept = await studio.kept()
    assert [(each.frame, bool(each.large)) for each in kept] == [(1, False), (2, True)]


async def test_a_disk_that_takes_nothing_is_a_reason(studio, monkeypatch):
    async def keep(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PictureFiles, "keep", keep)
    await studio.send(1)
    (kept,) = await studio.kept()
    assert kept.reason == "the Manager can't keep it: No space left on device"


async def test_while_the_folder_of_logs_and_pictures_is_away_tasks_go_on_without_them(
    studio, caplog
):
    services, job = studio.stage.farm.services, studio.job
    local = services.paths.local
    aside = local.rename(local.with_name("aside"))
    await studio.worker.report(studio.assign, log="a line that nobody reads\n")
    await studio.send(1)
    newest = dict.fromkeys(("newest", "large", "small"), image())
    await studio.stage.farm.pictures.ask(ShowNewest(job.id, newest))
    await studio.worker.complete(studio.assign)
    second = await studio.worker.hears(protocol.Assign)
    (kept,) = await studio.kept()
    assert kept.reason == "the Manager can't keep it: No such file or directory"
    assert not local.exists()
    aside.rename(local)
    await studio.worker.report(second, log="a line that is read\n")
    assert "a line that is read" in await studio.stage.tail(second)
    await attrs.evolve(studio, assign=second).send(2)
    assert [bool(each.large) for each in await studio.kept()] == [False, True]
    for said in (
        f"cannot write to the log of task {studio.assign.task_id}: ",
        f"no picture of job {job.id}: ",
        f"the newest frame of job {job.id} is not shown: ",
    ):
        assert caplog.text.count(said) == 1


async def test_pictures_go_with_their_job(studio):
    await studio.send(1)
    await studio.worker.complete(studio.assign)
    await studio.stage.ask(studio.job, RemoveJob())
    await gone(studio.stage, studio.job)
    assert await studio.kept() == []
    assert studio.files() == []
    with pytest.raises(NotFound):
        await studio.send(2)


async def test_flamenco_3s_image_of_a_single_frame_is_that_frames_picture(stage):
    worker = await stage.worker("anna")
    settings = {"frames": "7", "width": 64, "height": 36, "fps": 24.0}
    settings["render_output_path"] = "/farm/######"
    job = await stage.submit(type="test-frames", settings=settings)
    assign = await worker.hears(protocol.Assign)
    task = await stage.farm.services.reader.task(assign.task_id)
    stage.farm.images.tell(ProcessImage(task, image()))

    async def kept():
        return await stage.farm.services.reader.pictures(job.id)

    await until(kept)
    (picture,) = await kept()
    assert (picture.frame, picture.lease, picture.width, picture.height) == (7, 1, 30, 20)
    assert await stage.farm.services.pictures.exist(job_folder(job.id))


async def test_a_picture_that_is_made_while_its_job_is_deleted_does_not_stay(stage, monkeypatch):
    show, shown = PictureFiles.show, []

    async def show_late(files, folder, pictures) -> None:
        await stage.ask(job, RemoveJob())
        await gone(stage, job)
        await show(files, folder, pictures)
        shown.append(folder)

    monkeypatch.setattr(PictureFiles, "show", show_late)
    job = await canceled(stage)
    task = await stage.task(job, 0)
    stage.farm.images.tell(ProcessImage(task, image()))
    await until(lambda: shown)
    await until(lambda: not (stage.farm.services.paths.local / job_folder(job.id)).exists())
    assert await stage.farm.services.reader.last_rendered_job() is None
