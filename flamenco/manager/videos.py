"""The actor that has videos of jobs' frames made, and keeps them until the frames change."""

import logging
from functools import partial
from pathlib import Path

import attrs
import trio

import actors
from flamenco.logs import job_folder
from flamenco.manager.refusals import Conflict, NotFound, Refusal
from flamenco.manager.services import Services
from flamenco.model.jobs import Job
from flamenco.pictures import PictureFiles, name_of
from flamenco.pictures.ffmpeg import rate
from flamenco.pictures.filming import Film, unfinished
from flamenco.pictures.videos import make_video
from flamenco.store import JobFrames, UnreadableRow

logger = logging.getLogger(__name__)

MOST_WAITING = 50
"""Maximum number of videos that wait to be made."""
MOST_KNOWN = 1000
"""Maximum number of videos whose making is remembered."""
FRESH_SECONDS = 10.0
"""Seconds for which a video that was just made counts, though frames have changed meanwhile: while
a job is rendered, they always have."""
USUAL_RATE = 24.0
RATES = (0.01, 1000.0)
"""Lowest and highest number of frames a second."""


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
    goes_on: bool = False
    """True for a later part of one that was asked for before."""


@attrs.frozen
class Progress:
    """So many frames of a video are done."""

    key: tuple[str, str]
    done: int


@attrs.frozen
class Finished:
    """A video was made, or was not."""

    key: tuple[str, str]
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
        self._making: dict[tuple[str, str], InTheMaking] = {}
        self._known: dict[tuple[str, str], _Known] = {}
        self._failed: dict[tuple[str, str], str] = {}

    async def started(self) -> None:
        """Remove what an earlier life has left unfinished."""
        try:
            await trio.to_thread.run_sync(self._files.begin)
        except OSError as error:
            logger.warning("unfinished videos can't be removed: %s", error)

    @actors.handles(MakeVideo)
    async def make(self, message: MakeVideo) -> Video | InTheMaking:
        """The video if it is made, or how far it is.

        Raises `NotFound` if the job has no frames, `Conflict` with the reason if it could not be
        made, `UnreadableRow`.
        """
        key = (message.job_id, message.kind)
        if key in self._failed:
            raise Conflict(self._failed.pop(key))
        known = self._known.get(key)
        is_fresh = known and trio.current_time() < known.made + FRESH_SECONDS
        if known and (message.goes_on or is_fresh) and await self._is_there(known.video):
            return known.video
        if key in self._making:
            return self._making[key]
        return await self._begin(message, key)

    async def _begin(self, message: MakeVideo, key: tuple[str, str]) -> Video | InTheMaking:
        job = await self._services.reader.job(message.job_id)
        if job is None or job.delete_requested_at is not None:
            raise NotFound(f"there is no job {message.job_id}")
        look = partial(_film, job, message.kind, self._services.pictures)
        film, name = await self._services.reader.frames(job.id, None, None, look)
        if not film.frames:
            raise NotFound(f"job {job.id} has no frames")
        video = Video(self._files.path(job.id, name, message.kind), name)
        if await self._is_there(video):
            self._know(key, video)
            return video
        if len(self._making) >= MOST_WAITING:
            raise Conflict(f"{MOST_WAITING} videos wait to be made; ask again later")
        film = attrs.evolve(film, output=str(video.path))
        self._making[key] = begun = InTheMaking(0, len(film.frames))
        self.start_soon(
            self._make,
            film,
            key,
            self.ref,
            done=lambda _: Finished(key, video),
            failed=lambda error: Finished(key, video, error),
        )
        return begun

    async def _make(self, film: Film, key: tuple[str, str], me: actors.ActorRef) -> None:
        async with self._turn:
            await trio.to_thread.run_sync(self._files.prepare)
            try:
                await make_video(film, lambda done: me.tell(Progress(key, done)))
            finally:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(_remove_unfinished, film)

    @actors.handles(Progress)
    def tell_progress(self, message: Progress) -> None:
        """Note how far a video is."""
        if message.key in self._making:
            self._making[message.key] = attrs.evolve(self._making[message.key], done=message.done)

    @actors.handles(Finished)
    async def finished(self, message: Finished) -> None:
        """Keep a video, and let older ones go; nothing stays of a job that is deleted."""
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
                await trio.to_thread.run_sync(self._files.make_room, key[0], video.path)
        except OSError as error:
            logger.warning("old videos can't be removed: %s", error)

    def _know(self, key: tuple[str, str], video: Video) -> None:
        for known in (self._known, self._failed):
            if len(known) >= MOST_KNOWN:
                known.clear()
        self._known[key] = _Known(video, trio.current_time())

    async def _is_there(self, video: Video) -> bool:
        return await trio.to_thread.run_sync(self._files.find, video.path)


def _remove_unfinished(film: Film) -> None:
    """Remove what is left of a video that was not made, which may fill the disk. Blocks."""
    try:
        unfinished(film).unlink(missing_ok=True)
    except OSError as error:
        logger.warning("an unfinished video can't be removed: %s", error)


def _film(job: Job, kind: str, files: PictureFiles, found: JobFrames) -> tuple[Film, str]:
    """The video of a job's frames, of each its first picture, and a name for it."""
    folder = job_folder(job.id)
    sizes = set[tuple[int, int]]()
    frames = []
    for frame in found.frames:
        picture = next((each for each in frame.pictures if each.large or each.small), None)
        path = ""
        if picture:
            path = str(files.path(folder, picture.name, "large" if picture.large else "small"))
            sizes.add((picture.width, picture.height))
        frames.append((frame.number, path))
    film = Film(
        frames=tuple(frames),
        sizes=tuple(sorted(sizes)),
        rate=rate(_fps(job)),
        format=kind,
        output="",
    )
    return film, name_of(film, content=b"")


def _fps(job: Job) -> float:
    """Frames a second, by the setting of that name."""
    fps = job.settings.get("fps")
    if isinstance(fps, int | float) and RATES[0] <= fps <= RATES[1]:
        return float(fps)
    return USUAL_RATE
