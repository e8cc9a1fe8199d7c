"""The actor that keeps the pictures of frames, and shows the newest one of job and farm."""

import logging
from collections.abc import Mapping

import attrs
from msgspec import UNSET

import actors
from flamenco import clock
from flamenco.api.events import EventFramesUpdate, EventLastRenderedUpdate
from flamenco.api.frames import FrameChange
from flamenco.api.jobs import JobLastRenderedImageInfo
from flamenco.api.pictures import FOLDER, shown
from flamenco.logs import job_folder
from flamenco.manager.deletions import remove_local
from flamenco.manager.jobs.leases import is_over
from flamenco.manager.refusals import Conflict, NotFound, Refusal
from flamenco.manager.services import Services
from flamenco.model.bounds import LONGEST_LINE, cut
from flamenco.model.jobs import Job
from flamenco.model.pictures import Picture, make_room
from flamenco.pictures.files import SIZES, name_of
from flamenco.store import DeletePicture, PutPicture, RememberRendered, UnreadableRow

logger = logging.getLogger(__name__)

SPARE = 16
"""Part of the room for a job's pictures that is made at once."""
MOST_JOBS = 1000
"""Number of jobs whose size is remembered."""


def image_info(job_id: str) -> JobLastRenderedImageInfo:
    """The address of a job's newest frame."""
    return JobLastRenderedImageInfo(base=f"/job-files/{job_folder(job_id)}", suffixes=tuple(SIZES))


@attrs.frozen(kw_only=True)
class TakePicture(actors.Request[None]):
    """A picture of a frame, made under a lease."""

    picture: Picture
    """The picture, without name and time."""
    contents: Mapping[str, bytes]
    """{kind: JPEG}, the newest frame's in full size; empty if there is none."""
    worker_id: str | None
    """Worker that holds the lease, or held it; None for a picture that the Manager made."""


@attrs.frozen
class ShowNewest:
    """An image of a job that is its newest one, though nobody knows of which frame."""

    job_id: str
    contents: Mapping[str, bytes]


class PictureKeeper(actors.Actor):
    """The keeper of the pictures, within the room that each job has for them."""

    replies_with = (Refusal, UnreadableRow)
    mailbox = actors.Mailbox(capacity=10_000)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sizes: dict[str, int] = {}  # {job id: bytes of its pictures}

    @actors.handles(TakePicture)
    async def take(self, message: TakePicture) -> None:
        """Keep a picture that was made under a lease.

        Raises `NotFound`, `Conflict`, `UnreadableRow`.
        """
        picture, contents = message.picture, message.contents
        job = await self._job(picture.job_id)
        if message.worker_id is not None:
            await self._check(picture, message.worker_id)
        name = name_of(*_key(picture), content=contents["large"]) if picture.size else ""
        picture = attrs.evolve(picture, name=name, made=clock.now())
        try:
            picture = await self._keep(picture, contents)
        except OSError as error:
            logger.warning("no picture of job %s: %s", job.id, error)
            picture = _without(picture, f"the Manager can't keep it: {error.strerror}")
        self._sizes[job.id] += picture.size
        self.record(PutPicture(picture))
        self.publish(EventFramesUpdate(job_id=job.id, frames=(_change(picture),)))
        await self._show(job, contents)

    @actors.handles(ShowNewest)
    async def show_newest(self, message: ShowNewest) -> None:
        """Show an image as the newest one of its job. Raises `NotFound`, `UnreadableRow`."""
        await self._show(await self._job(message.job_id), message.contents)

    async def _job(self, job_id: str) -> Job:
        job = await self._services.reader.job(job_id)
        if job is None or job.delete_requested_at is not None:
            raise NotFound(f"there is no job {job_id}")
        return job

    async def _check(self, picture: Picture, worker_id: str) -> None:
        holder = await self._services.reader.lease_holder(picture.task_id, picture.lease)
        if holder != worker_id:
            raise Conflict(is_over(picture.task_id, picture.lease))

    async def _show(self, job: Job, contents: Mapping[str, bytes]) -> None:
        """Show the newest frame; nothing stays of a job that is deleted in the meantime."""
        try:
            if "newest" in contents:
                await self._services.pictures.show(job_folder(job.id), contents)
                self.record(RememberRendered(job.id))
                thumbnail = image_info(job.id)
                self.publish(EventLastRenderedUpdate(job_id=job.id, thumbnail=thumbnail))
            now = await self._services.reader.job(job.id)
            if now is None or now.delete_requested_at is not None:
                await remove_local(job, self._services)
        except OSError as error:
            logger.warning("the newest frame of job %s is not shown: %s", job.id, error)

    async def _keep(self, picture: Picture, contents: Mapping[str, bytes]) -> Picture:
        """The picture, or why it is not kept. Raises OSError."""
        before = await self._services.reader.picture_of(*_key(picture))
        await self._count(picture.job_id)
        self._sizes[picture.job_id] -= before.size if before else 0
        picture = await self._make_room(picture)
        if picture.name:
            await self._services.pictures.keep(job_folder(picture.job_id), picture.name, contents)
        if before and before.name != picture.name:
            await self._remove(before)
        return picture

    async def _count(self, job_id: str) -> None:
        """Know the size of a job's pictures."""
        if job_id not in self._sizes:
            if len(self._sizes) >= MOST_JOBS:
                self._sizes.clear()
            self._sizes[job_id] = await self._services.reader.pictures_size(job_id)

    async def _make_room(self, picture: Picture) -> Picture:
        """The picture, or why there is no room for it; others go first."""
        job_id, most = picture.job_id, self._services.config.job_pictures_size * 2**20
        if self._sizes[job_id] + picture.size <= most:
            return picture
        others = [
            each
            for each in await self._services.reader.pictures(job_id)
            if _key(each) != _key(picture)
        ]
        wanted = self._sizes[job_id] + picture.size - most + most // SPARE
        sacrifice = make_room(others, wanted, but=picture)
        self.publish(EventFramesUpdate(job_id=job_id, refresh=True))
        for each in sacrifice.gone:
            await self._remove(each)
            self._sizes[job_id] -= each.size
            self.record(DeletePicture(each))
        for each in sacrifice.smaller:
            await self._services.pictures.part_with(job_folder(job_id), [(each.name, "large")])
            self._sizes[job_id] -= each.large
            self.record(PutPicture(attrs.evolve(each, large=0)))
        if self._sizes[job_id] + picture.size <= most:
            return picture
        return _without(picture, "the pictures of this job have no room left")

    async def _remove(self, picture: Picture) -> None:
        """Remove the files of a picture."""
        if picture.name:
            both = [(picture.name, "small"), (picture.name, "large")]
            await self._services.pictures.part_with(job_folder(picture.job_id), both)


def _change(picture: Picture) -> FrameChange:
    """The change that a picture makes in the list of frames."""
    return FrameChange(
        frame=picture.frame,
        seconds=picture.seconds or UNSET,
        files=(picture.file,) if picture.file else UNSET,
        pictures=(shown(picture, FOLDER.format(picture.job_id)),),
    )


def _key(picture: Picture) -> tuple[str, int, int, str]:
    return picture.task_id, picture.lease, picture.frame, picture.output


def _without(picture: Picture, reason: str) -> Picture:
    reason = cut(reason, LONGEST_LINE)
    return attrs.evolve(picture, name="", small=0, large=0, width=0, height=0, reason=reason)
