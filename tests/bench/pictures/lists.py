"""A job of many frames with their pictures, in a Manager of its own."""

import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from statistics import median

import attrs
import httpx
import numpy as np
import psutil
import trio
from PIL import Image

from flamenco.config.manager import ManagerConfig
from flamenco.launcher import open_child
from flamenco.logs import TaskLogs, job_folder
from flamenco.model.jobs import Attempt, Command, Job, Task
from flamenco.model.pictures import Picture
from flamenco.model.statuses import JobStatus, TaskStatus
from flamenco.pictures.files import PictureFiles, name_of
from flamenco.pictures.kinds import THUMBNAILS, encode_all
from flamenco.store import InsertAttempt, InsertJob, InsertTasks, PutPicture, Store, open_store
from tests.bench.pictures.processor import busy

ROUNDS = 15
AT_ONCE = 500
KINDS_OF_FRAMES = 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def contents(seed: int) -> Mapping[str, bytes]:
    """The pictures of a frame as renders are: shapes, soft light, and the grain of few samples."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:1080, 0:1920]
    light = np.stack([x / 1920, y / 1080, (x + y) / 3000], axis=2) * 160
    for _ in range(12):
        centre, radius = random.random(2) * (1080, 1920), random.integers(40, 300)
        inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
        light[inside] = random.random(3) * 255
    grain = random.normal(0, 6, light.shape)
    image = Image.fromarray((light + grain).clip(0, 255).astype(np.uint8))
    return {kind: made.content for kind, made in encode_all(image, THUMBNAILS).items()}


async def fill(store: Store, files: PictureFiles, frames: int) -> str:
    """A completed job with pictures; returns its id."""
    job = Job(
        id=str(uuid.uuid4()),
        name="many frames",
        type="simple-blender-render",
        status=JobStatus.COMPLETED,
        settings={"fps": 24},
        created=NOW,
        updated=NOW,
    )
    await store.commit([InsertJob(job)])
    pictures = [contents(seed) for seed in range(KINDS_OF_FRAMES)]
    worker = str(uuid.uuid4())
    for begin in range(1, frames + 1, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, frames + 1))
        tasks = tuple(
            Task(
                id=str(uuid.uuid4()),
                job_id=job.id,
                idx=number,
                name=f"render-{number}",
                type="blender",
                status=TaskStatus.COMPLETED,
                steps_completed=1,
                steps_total=1,
                frames=str(number),
                worker_id=worker,
                lease=1,
                created=NOW,
                updated=NOW,
                started=NOW,
            )
            for number in numbers
        )
        commands = tuple(
            (Command("blender-render", {"args": ["-f", str(number)]}),) for number in numbers
        )
        changes: list[object] = [InsertTasks(tasks, commands)]
        for number, task in zip(numbers, tasks, strict=True):
            made = pictures[number % KINDS_OF_FRAMES]
            name = name_of(task.id, number, content=made["large"])
            await files.keep(job_folder(job.id), name, made)
            picture = Picture(
                job_id=job.id,
                task_id=task.id,
                lease=1,
                frame=number,
                output="",
                name=name,
                width=600,
                height=338,
                small=len(made["small"]),
                large=len(made["large"]),
                file=f"{{render}}/shot/{number:06}.png",
                seconds=12.5,
                made=NOW,
            )
            attempt = Attempt(
                task_id=task.id,
                lease=1,
                job_id=job.id,
                worker_id=worker,
                worker_name="anna",
                started=NOW,
                ended=NOW,
                ending="completed",
                reason="",
            )
            changes += [PutPicture(picture), InsertAttempt(attempt)]
        await store.commit(changes)
    return job.id


@attrs.frozen
class Farm:
    """A Manager with such a job."""

    process: psutil.Process
    http: httpx.AsyncClient
    job: str
    """Id of the job."""
    folder: Path
    """Folder of the job."""


@asynccontextmanager
async def manager_with(frames: int) -> AsyncIterator[Farm]:
    """A Manager with a job of so many frames."""
    with tempfile.TemporaryDirectory() as folder:
        paths = ManagerConfig().paths(Path(folder))
        paths.local.mkdir(parents=True)
        async with open_store(paths.database, TaskLogs(paths.local)) as store:
            job = await fill(store, PictureFiles(paths.local), frames)
        command = [sys.executable, "-m", "flamenco", "manager", "--storage", folder]
        command += ["--listen", "127.0.0.1:0", "--no-discoverable"]
        async with open_child(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
            said = b""
            assert child.stdout is not None
            while b"http" not in said or not said.endswith(b"\n"):
                said += await child.stdout.receive_some()
            url = said[said.index(b"http") :].split()[0].decode()
            async with httpx.AsyncClient(base_url=url, timeout=120) as http:
                yield Farm(psutil.Process(child.pid), http, job, paths.local / job_folder(job))


async def list_10k_ms(_: int) -> Mapping[str, float]:
    """Milliseconds for the whole list of 10,000 frames, and for the ``first``, which is not kept
    yet; MiB of their pictures on the disk."""
    async with manager_with(10_000) as farm:
        took, taken = [], [busy(farm.process)]
        for _ in range(ROUNDS):
            began = time.perf_counter()
            answer = await farm.http.get(f"/api/v3/jobs/{farm.job}/frames")
            took.append((time.perf_counter() - began) * 1000)
            taken.append(busy(farm.process))
        assert len(answer.json()["frames"]) == 10_000
        size = sum(each.stat().st_blocks * 512 for each in farm.folder.rglob("*.jpg")) / 2**20
        processor = (taken[-1] - taken[1]) / (ROUNDS - 1) * 1000
        return {"flamenco": median(took), "processor": processor, "first": took[0], "mib": size}


async def video_1000_s(_: int) -> Mapping[str, float]:
    """Seconds until the video of a job of 1,000 frames is there, asked for ten times a second."""
    async with manager_with(1000) as farm:
        began, taken = time.perf_counter(), busy(farm.process)
        answer = await farm.http.get(f"/api/v3/jobs/{farm.job}/video")
        while answer.status_code == HTTPStatus.ACCEPTED:
            await trio.sleep(0.1)
            answer = await farm.http.get(f"/api/v3/jobs/{farm.job}/video")
        assert answer.status_code == 200, answer.text
        took = time.perf_counter() - began
        return {"flamenco": took, "processor": busy(farm.process) - taken}
