"""The actor that turns frames from workers into the newest pictures of job and farm."""

import logging

import attrs

import actors
from flamenco.api.events import EventLastRenderedUpdate
from flamenco.api.jobs import JobLastRenderedImageInfo
from flamenco.logs import job_folder
from flamenco.manager.deletions import remove_files
from flamenco.manager.services import Services
from flamenco.pictures import SIZES, NotAnImage
from flamenco.store import RememberRendered, UnreadableRow

logger = logging.getLogger(__name__)


def image_info(job_id: str) -> JobLastRenderedImageInfo:
    """The address of a job's newest frame."""
    return JobLastRenderedImageInfo(base=f"/job-files/{job_folder(job_id)}", suffixes=tuple(SIZES))


@attrs.frozen
class ProcessImage:
    """A frame of a job as a worker sent it."""

    job_id: str
    content: bytes


class Images(actors.Actor):
    """The actor that makes previews, with at most three in its queue (reference rules §9)."""

    mailbox = actors.Mailbox(capacity=3)

    def __init__(self, services: Services) -> None:
        self._services = services

    @actors.handles(ProcessImage)
    async def process(self, message: ProcessImage) -> None:
        """Make previews of a frame, and leave none for a job that is deleted in the meantime."""
        reader = self._services.reader
        try:
            job = await reader.job(message.job_id)
            if job is None:
                return
            await self._services.previews.make(job_folder(job.id), message.content)
            now = await reader.job(job.id)
            if now is None or now.delete_requested_at is not None:
                await remove_files(now or job, self._services)
                return
        except (NotAnImage, OSError, UnreadableRow) as error:
            logger.warning("no preview of job %s: %s", message.job_id, error)
            return
        self.record(RememberRendered(message.job_id))
        thumbnail = image_info(message.job_id)
        self.publish(EventLastRenderedUpdate(job_id=message.job_id, thumbnail=thumbnail))
