"""The command itself: its options, its output, and its end."""

import os
import shutil
import signal
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
import trio
from cyclopts import Parameter
from rich.console import Console

from flamenco.api.jobs import Job, SubmittedJob
from flamenco.cli.demo.farm import open_demo_farm
from flamenco.cli.demo.work import (
    Outcome,
    blender_job,
    frames_without_picture,
    make_scene,
    outcome,
    plain_job,
)
from flamenco.cli.errors import CommandError
from flamenco.cli.progress import follow
from flamenco.client import open_client

MOST_WORKERS = 4
INTERRUPTED = 130


def demo(
    *,
    workers: Annotated[
        int | None, Parameter(help="number of Workers; default: one per core, at most 4")
    ] = None,
    storage: Annotated[
        Path | None, Parameter(help="folder for all files; default: a new one")
    ] = None,
    blender: Annotated[
        str | None, Parameter(help="Blender to use; default: the one on the PATH")
    ] = None,
    no_browser: Annotated[bool, Parameter(help="don't open the page", negative="")] = False,
    exit: Annotated[bool, Parameter(help="end when the job is done", negative="")] = False,  # noqa: A002
) -> int:
    """Start a whole farm on this machine and let it render an animation and its video.

    Blender makes a scene and renders it; without Blender, small test frames are drawn instead.
    The farm stays up until Ctrl-C, so that you can look around on the web page. With --exit it ends
    after the job, when the pictures of its frames are on the page, with exit status 0 if all frames
    and the video exist; the last line on stdout is JSON with status, type, job, frames, video and
    seconds.
    """
    if workers is not None and workers < 1:
        raise CommandError(f"--workers: expected 1 or more, got {workers}")
    found = shutil.which(blender or "blender")
    if blender and not found:
        raise CommandError(f"--blender: there is no program {blender}")
    folder = (storage or Path(tempfile.mkdtemp(prefix="flamenco-demo-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    shown = Demo(
        folder=folder,
        workers=workers or min(MOST_WORKERS, os.cpu_count() or 1),
        blender=found,
        browse=not no_browser,
        leave=exit,
    )
    return trio.run(shown.run_until_signal)


@attrs.define(kw_only=True)
class Demo:
    """One run of the demo. ``status`` is the command's exit status."""

    folder: Path
    workers: int
    blender: str | None
    browse: bool
    leave: bool
    status: int = INTERRUPTED
    _show: Console = attrs.field(factory=lambda: Console(stderr=True, highlight=False))

    async def run_until_signal(self) -> int:
        """Run until it is done or SIGINT or SIGTERM comes; returns the exit status."""
        async with trio.open_nursery() as nursery:
            await nursery.start(_cancel_on_signal, nursery.cancel_scope)
            await self._run()
            nursery.cancel_scope.cancel()
        return self.status

    async def _run(self) -> None:
        storage = self.folder / "shared" / "jobs"
        storage.mkdir(parents=True, exist_ok=True)
        began = trio.current_time()
        job = await self._job(storage)
        async with (
            open_demo_farm(self.folder, self.workers) as url,
            open_client(url) as client,
        ):
            self._show.print(f"Web page: [bold]{url}[/]   Files: {self.folder}", soft_wrap=True)
            if self.browse:
                await trio.to_thread.run_sync(webbrowser.open, url)
            done = await follow(client, await client.submit(job), self._show)
            what = await outcome(client, done, trio.current_time() - began)
            self.status = 0 if what.good else 1
            self._report(what, done)
            if not self.leave:
                self._show.print("The farm stays up; Ctrl-C ends it.")
                await trio.sleep_forever()
            if what.good and (lacking := await frames_without_picture(client, done.id)):
                self._show.print(f"{lacking} frames have no picture on the page.")
        print(msgspec.json.encode(what).decode(), flush=True)

    async def _job(self, storage: Path) -> SubmittedJob:
        if self.blender is None:
            self._show.print("No Blender found: drawing test frames instead of rendering a scene.")
            return plain_job(storage)
        with self._show.status(f"Making a scene with {self.blender}"):
            blend = await make_scene(self.blender, storage)
        return blender_job(blend, storage)

    def _report(self, what: Outcome, job: Job) -> None:
        if what.good:
            self._show.print(f"{len(what.frames)} frames and {what.video}", soft_wrap=True)
        else:
            self._show.print(f"The job is {job.activity}; {len(what.frames)} frames were rendered.")


async def _cancel_on_signal(
    scope: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        await anext(signals)
        scope.cancel()
