"""The demo's job, and the files that it has to leave."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import trio

from flamenco.api.jobs import Job, SubmittedJob
from flamenco.cli.errors import CommandError
from flamenco.cli.progress import POLL_SECONDS
from flamenco.client import ManagerClient
from flamenco.launcher import open_child
from flamenco.platforms import PLATFORM

FRAMES = 24
WIDTH, HEIGHT = 320, 180
FPS = 24
SCENE = Path(__file__).with_name("scene.py")
PICTURES_SECONDS = 30.0
"""Maximum time until the pictures of the last frames have come."""


@attrs.frozen(kw_only=True)
class Outcome:
    """The outcome of the demo's job."""

    status: str
    type: str
    job: str
    frames: tuple[str, ...]
    video: str | None
    seconds: float

    @property
    def good(self) -> bool:
        """True if the job completed, and every frame and the video exist."""
        return self.status == "completed" and len(self.frames) == FRAMES and bool(self.video)


async def make_scene(blender: str, folder: Path) -> Path:
    """An animated scene, made by Blender. Raises `CommandError` if Blender can't."""
    blend = folder / "demo.blend"
    flags = ["-b", "--factory-startup", "--python-exit-code", "1"]
    command = [blender, *flags, "--python", str(SCENE), "--", str(blend), str(FRAMES)]
    with (folder / "scene.log").open("wb") as log:
        async with open_child(command, stdout=log, stderr=subprocess.STDOUT) as child:
            status = await child.wait()
    if status != 0 or not blend.exists():
        raise CommandError(f"{blender} could not make the demo's scene, see {log.name}")
    return blend


def blender_job(blend: Path, renders: Path) -> SubmittedJob:
    """A job that renders the scene, of the type that artists use most."""
    return _job(
        "simple-blender-render",
        {
            "frames": f"1-{FRAMES}",
            "chunk_size": 1,
            "render_output_root": str(renders),
            "add_path_components": 0,
            "render_output_path": str(renders / "demo" / "{timestamp}" / "######"),
            "blendfile": str(blend),
            "fps": float(FPS),
            "format": "PNG",
            "image_file_extension": ".png",
            "has_previews": False,
            "scene": "Scene",
        },
    )


def plain_job(renders: Path) -> SubmittedJob:
    """A job that renders without Blender."""
    return _job(
        "test-frames",
        {
            "frames": f"1-{FRAMES}",
            "width": WIDTH,
            "height": HEIGHT,
            "fps": float(FPS),
            "render_output_path": str(renders / "demo" / "{timestamp}" / "######"),
        },
    )


def _job(job_type: str, settings: Mapping[str, Any]) -> SubmittedJob:
    return SubmittedJob(
        name="Flamenco demo",
        type=job_type,
        submitter_platform=PLATFORM,
        settings=settings,
        metadata={"project": "demo"},
    )


async def outcome(client: ManagerClient, job: Job, seconds: float) -> Outcome:
    """The outcome of a finished job, from the files on disk."""
    tasks = await client.tasks(job.id)
    commands = (await client.task(tasks[-1].id)).commands
    video = trio.Path(commands[0].parameters["outputFile"])
    frames = await trio.Path(job.settings["render_output_path"]).parent.glob("*.png")
    return Outcome(
        status=job.status.value,
        type=job.type,
        job=job.id,
        frames=tuple(str(path) for path in sorted(frames)),
        video=str(video) if await video.is_file() else None,
        seconds=round(seconds, 2),
    )


async def frames_without_picture(client: ManagerClient, job_id: str) -> int:
    """Number of a job's frames that have no picture although there was time for it to come."""
    frames = [each async for each in client.each_frame(job_id)]
    with trio.move_on_after(PICTURES_SECONDS):
        while not all(each.pictures for each in frames):
            await trio.sleep(POLL_SECONDS)
            frames = [each async for each in client.each_frame(job_id)]
    return sum(not any(picture.small for picture in each.pictures) for each in frames)
