"""The actor that has videos of jobs' frames made, and keeps them until the frames change."""

import logging
from functools import partial
from pathlib import Path

import attrs
import trio

import actors
from flamenco.manager.films import film_of
from flamenco.manager.refusals import Conflict, NotFound, Refusal
from flamenco.manager.services import Services
from flamenco.model.framelist import FramesPart
from flamenco.pictures.filming import Film, unfinished
from flamenco.pictures.videos import discard, make_video
from flamenco.store import UnreadableRow

logger = logging.getLogger(__name__)

MOST_WAITING = 50
"""Maximum number of videos that wait to be made."""
MOST_KNOWN = 1000
"""Maximum number of videos whose making is remembered."""
FRESH_SECONDS = 10.0
"""Seconds for which a video that was just made counts, though frames have changed meanwhile: while
a job is rendered, they always have."""


_Key = tuple[str, str, str]
"""Job, kind and output of a video."""


@attrs.frozen
class Video:
    """A video that is made."""

    path: Path
    name: str
    """Digest of what it shows."""


@attrs.frozen
class InTheMaking:
    """How far a video is that is being made."""

    done: int
    of: int


@attrs.frozen
class MakeVideo(actors.Request[Video | InTheMaking]):
    """The video of a job's frames is asked for."""

    job_id: str
    kind: str
    """`mp4` or `webm`."""
    output: str = ""
    """Output of the frames to show; empty: of each frame the first."""
    goes_on: bool = False
    """True for a later part of one that was asked for before."""


@attrs.frozen
class Looked:
    """The frames of a job were looked at: the video as it is to be made."""

    key: _Key
    film: Film
    video: Video
    is_there: bool
    """True if it is already made."""


@attrs.frozen
class NotLooked:
    """There is nothing to make a video of, or it is not known."""

    key: _Key
    error: Exception


@attrs.frozen
class Progress:
    """Number of finished frames of a video."""

    key: _Key
    done: int


@attrs.frozen
class Finished:
    """A video was made, or was not."""

    key: _Key
    video: Video
    error: Exception | None = None


@attrs.define
class _Known:
    """The newest video of a job that was made, and when."""

    video: Video
    made: float


class Videos(actors.Actor):
    """The actor that has one video made after the other."""

    replies_with = (Refusal, UnreadableRow)
    mailbox = actors.Mailbox(capacity=10_000)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._files = services.videos
        self._turn = trio.Semaphore(1)
        self._asked: dict[_Key, list[actors.ReplyLater]] = {}
        self._making: dict[_Key, InTheMaking] = {}
        self._known: dict[_Key, _Known] = {}
        self._failed: dict[_Key, str] = {}

    async def started(self) -> None:
        """Remove what an earlier life has left unfinished."""
        try:
            await trio.to_thread.run_sync(self._files.begin)
        except OSError as error:
            logger.warning("unfinished videos can't be removed: %s", error)

    @actors.handles(MakeVideo)
    async def make(self, message: MakeVideo) -> Video | InTheMaking | None:
        """The video if it is made, or how far it is; its frames are looked at first.

        Raises `NotFound` if the job has no frames, `Conflict` with the reason if it could not be
        made, `UnreadableRow`.
        """
        key = (message.job_id, message.kind, message.output)
        if key in self._failed:
            raise Conflict(self._failed.pop(key))
        known = self._known.get(key)
        is_fresh = known and trio.current_time() < known.made + FRESH_SECONDS
        if known and (message.goes_on or is_fresh) and await self._is_there(known.video):
            return known.video
        if key in self._making:
            return self._making[key]
        self._asked.setdefault(key, []).append(self.defer_reply())
        if len(self._asked[key]) == 1:
            self.start_soon(
                self._look, key, done=lambda looked: looked, failed=partial(NotLooked, key)
            )
        return None

    async def _look(self, key: _Key) -> Looked:
        job_id, kind, output = key
        job = await self._services.reader.job(job_id)
        if job is None or job.delete_requested_at is not None:
            raise NotFound(f"there is no job {job_id}")
        look = partial(film_of, job, kind, self._services.pictures, output=output)
        film, name = await self._services.reader.frames(job.id, FramesPart(), look)
        video = Video(self._files.path(job.id, name, kind), name)
        film = attrs.evolve(film, output=str(video.path), parts=self._files.parts(job.id))
        return Looked(key, film, video, await self._is_there(video))

    @actors.handles(Looked)
    def looked(self, message: Looked) -> None:
        """Answer with the video, or begin to make it."""
        key, film = message.key, message.film
        if message.is_there:
            self._know(key, message.video)
            self._answer(key, message.video)
        elif len(self._making) >= MOST_WAITING:
            self._answer(key, Conflict(f"{MOST_WAITING} videos wait to be made; ask again later"))
        else:
            self._making[key] = begun = InTheMaking(0, len(film.frames))
            self.start_soon(
                self._make,
                film,
                key,
                self.ref,
                done=lambda _: Finished(key, message.video),
                failed=lambda error: Finished(key, message.video, error),
            )
            self._answer(key, begun)

    @actors.handles(NotLooked)
    def not_looked(self, message: NotLooked) -> None:
        """Tell those who have asked why there will be no video."""
        if not isinstance(message.error, self.replies_with):
            raise message.error
        self._answer(message.key, message.error)

    def _answer(self, key: _Key, outcome: Video | InTheMaking | Exception) -> None:
        for later in self._asked.pop(key):
            if isinstance(outcome, Exception):
                later.fail(outcome)
            else:
                later(outcome)

    async def _make(self, film: Film, key: _Key, me: actors.ActorRef) -> None:
        async with self._turn:
            await trio.to_thread.run_sync(self._files.prepare)
            try:
                await make_video(film, lambda done: me.tell(Progress(key, done)))
            finally:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(_remove_unfinished, film)
            await trio.to_thread.run_sync(self._make_room, key[0], Path(film.output))

    def _make_room(self, job_id: str, newest: Path) -> None:
        """Let older videos go, while none is made that may use their parts. Blocks."""
        try:
            self._files.make_room(job_id, newest)
        except OSError as error:
            logger.warning("old videos can't be removed: %s", error)

    @actors.handles(Progress)
    def tell_progress(self, message: Progress) -> None:
        """Note how far a video is."""
        if message.key in self._making:
            self._making[message.key] = attrs.evolve(self._making[message.key], done=message.done)

    @actors.handles(Finished)
    async def finished(self, message: Finished) -> None:
        """Keep a video, but nothing of a job that is deleted."""
        key, video = message.key, message.video
        self._making.pop(key, None)
        job = await self._services.reader.job(key[0])
        try:
            if job is None or job.delete_requested_at is not None:
                await trio.to_thread.run_sync(self._files.remove, key[0])
            elif message.error is not None:
                logger.warning("no video of job %s: %s", key[0], message.error)
                self._failed[key] = str(message.error)
            else:
                self._know(key, video)
        except OSError as error:
            logger.warning("the videos of a deleted job can't be removed: %s", error)

    def _know(self, key: _Key, video: Video) -> None:
        for known in (self._known, self._failed):
            if len(known) >= MOST_KNOWN:
                known.clear()
        self._known[key] = _Known(video, trio.current_time())

    async def _is_there(self, video: Video) -> bool:
        return await trio.to_thread.run_sync(self._files.find, video.path)


def _remove_unfinished(film: Film) -> None:
    """Remove what is left of a video that was not made, which may fill the disk. Blocks."""
    try:
        discard(unfinished(film))
    except OSError as error:
        logger.warning("an unfinished video can't be removed: %s", error)
