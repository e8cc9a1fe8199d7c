# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that was sent last from this Blender, followed until it ends, for the panel."""

from concurrent.futures import Future
from dataclasses import dataclass

import bpy

from .background import begun
from .client import Client, JobState
from .errors import FlamencoError, ManagerRefused

INTERVAL = 5.0
"""Seconds between questions to the Manager."""
_LOOK = 0.25
"""Seconds between looks for its answer."""
_GONE = 404


@dataclass
class LastJob:
    """A job, and what the Manager last said of it."""

    name: str
    client: Client
    state: JobState
    answer: "Future[JobState] | None" = None


_followed: LastJob | None = None


def shown() -> LastJob | None:
    """The job that is shown; None before the first, and when it has been deleted."""
    return _followed


def follow(name: str, client: Client, state: JobState) -> None:
    """Follow a job in place of the one before."""
    global _followed  # noqa: PLW0603 - Blender's timers have no object to carry it
    _followed = LastJob(name, client, state)
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=INTERVAL, persistent=True)


def forget() -> None:
    """Follow nothing any more."""
    global _followed  # noqa: PLW0603
    _followed = None
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _tick() -> float | None:
    """Called by Blender; the seconds until it calls again, None for never."""
    global _followed  # noqa: PLW0603
    job = _followed
    if job is None or job.state.is_finished:
        return None
    if job.answer is None:
        client, known = job.client, job.state.id
        job.answer = begun(lambda: client.job(known))
        return _LOOK
    if not job.answer.done():
        return _LOOK
    answer, job.answer = job.answer, None
    try:
        job.state = answer.result()
    except ManagerRefused as ex:
        if ex.status == _GONE:
            _followed = None
    except FlamencoError:
        return INTERVAL  # it may be back later
    _redraw()
    return None if job.state.is_finished else INTERVAL


def _redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PROPERTIES":
                area.tag_redraw()
