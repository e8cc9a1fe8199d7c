"""The video of a job's frames, as it is to be made."""

from flamenco.logs import job_folder
from flamenco.manager.refusals import Conflict, NotFound
from flamenco.model.bounds import MOST_LISTED
from flamenco.model.jobs import Job
from flamenco.pictures.ffmpeg import rate
from flamenco.pictures.files import PictureFiles, name_of
from flamenco.pictures.filming import Film
from flamenco.store import JobFrames

USUAL_RATE = 24.0
RATES = (0.01, 1000.0)
"""Lowest and highest number of frames a second."""


def film_of(
    job: Job, kind: str, files: PictureFiles, found: JobFrames, *, output: str = ""
) -> tuple[Film, str]:
    """The video of a job's frames, of each its first picture, and a name for it.

    With an ``output`` it shows that of the frames which have it. Raises `NotFound` if there are
    none, `Conflict` if there are too many.
    """
    if not found.frames:
        raise NotFound(f"job {job.id} has no frames")
    if found.next is not None:
        raise Conflict(f"there are videos of {MOST_LISTED:,} frames at most; job {job.id} has more")
    folder = job_folder(job.id)
    sizes = set[tuple[int, int]]()
    frames = []
    for frame in found.frames:
        shown = [each for each in frame.pictures if not output or each.output == output]
        if output and not shown:
            continue
        picture = next((each for each in shown if each.large or each.small), None)
        path = ""
        if picture:
            path = str(files.path(folder, picture.name, "large" if picture.large else "small"))
            sizes.add((picture.width, picture.height))
        frames.append((frame.number, path))
    if not frames:
        raise NotFound(f"no frame of job {job.id} has the output {output}")
    film = Film(
        frames=tuple(frames),
        sizes=tuple(sorted(sizes)),
        rate=rate(_fps(job)),
        format=kind,
    )
    return film, name_of(film, content=b"")


def _fps(job: Job) -> float:
    """Frames a second, by the setting of that name."""
    fps = job.settings.get("fps")
    if isinstance(fps, int | float) and RATES[0] <= fps <= RATES[1]:
        return float(fps)
    return USUAL_RATE
