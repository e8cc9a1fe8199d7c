# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that were sent from this Blender, followed for the panel *My Jobs*.

Each Manager is asked in a thread of its own, so that one which hangs holds up neither Blender nor
the others. A timer on the main thread takes the answers.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

import bpy
import bpy.utils.previews

from . import job_news, manager, sent_jobs
from .background import begun, keep
from .client import Client, JobState
from .errors import FlamencoError, NotAllowed, NotSignedIn
from .job_news import Answer, News
from .sent_jobs import SentJob

INTERVAL = 5.0
"""Seconds between questions to a Manager."""
SLOWLY = 12
"""One in so many questions is also about jobs that were finished, which others may requeue."""
_LOOK = 0.25
"""Seconds between looks for an answer."""


@dataclass
class MyJob:
    """A job, and what its Manager last said of it."""

    job: SentJob
    state: JobState
    picture: str = ""
    """Name of its newest picture among those that are loaded."""


@dataclass
class Farm:
    """A Manager that is asked for jobs."""

    client: Client
    answer: "Future[list[Answer]] | None" = None
    due: float = 0
    """Time, of the monotonic clock, of the next question."""
    asked: int = 0
    trouble: str = ""
    """The reason why it tells nothing; empty if it does."""


@dataclass
class _Kept:
    jobs: list[MyJob] = field(default_factory=list)
    farms: dict[str, Farm] = field(default_factory=dict)
    shown: str = ""
    """Id of the job whose details are shown."""
    pictures: "bpy.utils.previews.ImagePreviewCollection | None" = None
    loaded: int = 0
    """Number of pictures so far, for names that differ."""


_kept = _Kept()
_saving = Lock()


def jobs() -> tuple[MyJob, ...]:
    """All of them, the newest first."""
    return tuple(_kept.jobs)


def is_shown(job: MyJob) -> bool:
    """True if the details of this job are shown."""
    return job.job.id == _kept.shown


def trouble(job: MyJob) -> str:
    """The reason why its Manager tells nothing of it; empty if it does."""
    farm = _kept.farms.get(job.job.url)
    return "" if farm is None else farm.trouble


def icon_of(job: MyJob) -> int:
    """Blender's number of its newest picture; 0 if there is none."""
    if not job.picture or _kept.pictures is None:
        return 0
    return int(_kept.pictures[job.picture].icon_id)


def found(job_id: str) -> MyJob | None:
    """The job with this id."""
    return next((one for one in _kept.jobs if one.job.id == job_id), None)


def show(job_id: str) -> None:
    """Show the details of this job; those of none if they are shown already."""
    _kept.shown = "" if _kept.shown == job_id else job_id
    ask_soon(job_id)


def ask_soon(job_id: str) -> None:
    """Ask the Manager of this job at once."""
    job = found(job_id)
    if job is not None:
        farm = _farm(job.job.url)
        farm.due, farm.asked = 0, 0


def follow(name: str, client: Client, state: JobState) -> None:
    """Add a job that was sent, and show its details."""
    sent = SentJob(client.url, state.id, name, state.status, state.approvals)
    others = [one for one in _kept.jobs if one.job.id != state.id]
    _kept.jobs = [MyJob(sent, state), *others][: sent_jobs.MOST]
    _kept.shown = state.id
    _farm(client.url).client = client
    _farm(client.url).due = time.monotonic() + INTERVAL
    _save()
    _start()


def load() -> None:
    """Take the jobs of earlier sessions. In the background nobody would see how they go."""
    _kept.jobs = [
        MyJob(one, JobState(one.id, one.status, "", (), approvals=one.approvals))
        for one in sent_jobs.load(manager.cache_folder())
    ]
    if _kept.jobs and not bpy.app.background:
        _start()


def forget() -> None:
    """Follow nothing any more, in this session."""
    global _kept  # noqa: PLW0603 - Blender's timers have no object to carry it
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _kept.pictures is not None:
        bpy.utils.previews.remove(_kept.pictures)
    _kept = _Kept()


def _start() -> None:
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_LOOK, persistent=True)


def _farm(url: str) -> Farm:
    if url not in _kept.farms:
        _kept.farms[url] = Farm(manager.client(url))
    return _kept.farms[url]


def _tick() -> float | None:
    """Called by Blender; the seconds until it calls again, None for never."""
    if not _kept.jobs:
        return None
    told: list[News] = []
    for url in {one.job.url for one in _kept.jobs}:
        farm = _farm(url)
        if farm.answer is not None and farm.answer.done():
            told.extend(_take(url, farm))
        elif farm.answer is None and time.monotonic() >= farm.due:
            _ask(url, farm)
    for one in told:
        _tell(one)
    return _LOOK


def _ask(url: str, farm: Farm) -> None:
    slowly = farm.asked % SLOWLY == 0
    mine = [one for one in _kept.jobs if one.job.url == url]
    ids = [one.job.id for one in mine if slowly or not one.state.is_finished]
    farm.asked += 1
    if not ids:
        farm.due = time.monotonic() + INTERVAL
        return
    client, shown = farm.client, _kept.shown
    farm.answer = begun(lambda: job_news.ask(client, ids, shown))


def _take(url: str, farm: Farm) -> Iterator[News]:
    """Take a Manager's answer; yields what the artist is told."""
    answer, farm.answer = farm.answer, None
    farm.due = time.monotonic() + INTERVAL
    if answer is None:
        return
    try:
        answers = answer.result()
    except FlamencoError as ex:  # it may be otherwise later
        is_door = isinstance(ex, (NotSignedIn, NotAllowed))
        farm.trouble = str(ex) if is_door else f"{url} does not answer at the moment"
        _redraw()
        return
    farm.trouble = ""
    before = [one.job for one in _kept.jobs]
    for one in answers:
        job = found(one.id)
        if job is not None:
            yield from _update(job, one)
    after = {one.job.id for one in _kept.jobs}
    if before != [one.job for one in _kept.jobs]:
        _save(frozenset((url, one.id) for one in before if one.id not in after))
    _redraw()


def _update(job: MyJob, answer: Answer) -> Iterator[News]:
    state = answer.state
    if state is None:
        _kept.jobs.remove(job)
        return
    told = job_news.news(job.job, state)
    job.state = state
    job.job = replace(job.job, status=state.status, approvals=state.approvals)
    if answer.picture is not None:
        _load_picture(job, answer.picture)
    if told is not None:
        yield told


def _load_picture(job: MyJob, content: bytes) -> None:
    """Let Blender have a picture, which it takes from files only."""
    if _kept.pictures is None:
        _kept.pictures = bpy.utils.previews.new()
    file = Path(bpy.app.tempdir, f"flamenco-{job.job.id}.jpg")
    if job.picture and file.is_file() and file.read_bytes() == content:
        return
    try:
        file.write_bytes(content)
    except OSError:
        return
    if job.picture:
        del _kept.pictures[job.picture]
    _kept.loaded += 1
    job.picture = f"{job.job.id}-{_kept.loaded}"
    _kept.pictures.load(job.picture, str(file), "IMAGE")


def _save(gone: frozenset[tuple[str, str]] = frozenset()) -> None:
    """Keep the jobs; a window does not wait for the user's folder, a script would end too soon."""
    folder, mine = manager.cache_folder(), [one.job for one in _kept.jobs]

    def save() -> None:
        with _saving:
            sent_jobs.save(folder, mine, gone)

    keep(save, "the list of sent jobs", waits=bpy.app.background)


def _tell(told: News) -> None:
    """Show it in Blender's status bar; it is kept in the Info editor."""
    windows = bpy.context.window_manager.windows
    if bpy.app.background or not windows or bpy.app.version < (3, 2, 0):
        print(f"Flamenco: {told.text}")
        return
    with bpy.context.temp_override(window=windows[0]):
        bpy.ops.flamenco.tell("INVOKE_DEFAULT", level=told.level, text=told.text)


def _redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PROPERTIES":
                area.tag_redraw()
