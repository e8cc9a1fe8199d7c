"""The actor that turns images from workers of Flamenco 3 into pictures."""

import logging

import attrs

import actors
from flamenco import clock
from flamenco.manager.pictures import ShowNewest, TakePicture
from flamenco.manager.services import PICTURES, Services
from flamenco.model.jobs import Task
from flamenco.model.pictures import Picture
from flamenco.model.planned import only_frame
from flamenco.pictures.files import NotAnImage

logger = logging.getLogger(__name__)


@attrs.frozen
class ProcessImage:
    """An image of a task as its worker sent it, without the frame that it shows."""

    task: Task
    content: bytes


class Images(actors.Actor):
    """The actor that makes pictures, with at most three in its queue (reference rules §9)."""

    mailbox = actors.Mailbox(capacity=3)

    def __init__(self, services: Services) -> None:
        self._services = services

    @actors.handles(ProcessImage)
    async def process(self, message: ProcessImage) -> None:
        """Make the pictures of an image; of a task with one frame only they are that frame's."""
        task = message.task
        try:
            pictures = await self._services.pictures.decode(message.content)
        except NotAnImage as error:
            logger.warning("no picture of job %s: %s", task.job_id, error)
            return
        contents = {kind: made.content for kind, made in pictures.items()}
        frame = only_frame(task.frames)
        keeper = self.system.find(PICTURES)
        if keeper is None:
            return
        if frame is None:
            self.tell(keeper, ShowNewest(task.job_id, contents))
            return
        picture = Picture(
            job_id=task.job_id,
            task_id=task.id,
            lease=task.lease,
            frame=frame,
            output="",
            name="",
            width=pictures["large"].width,
            height=pictures["large"].height,
            small=len(contents["small"]),
            large=len(contents["large"]),
            made=clock.now(),
        )
        self.tell(keeper, TakePicture(picture=picture, contents=contents, worker_id=None))
