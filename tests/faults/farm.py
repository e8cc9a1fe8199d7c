"""A Manager and Workers as the processes that operators run, to be cut off, killed and filled up.

Everything here is real: the `flamenco` command, its sockets on the loopback, its files.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import trio

from tests.faults import corrected
from tests.faults.disks import Disks
from tests.patience import PATIENCE, until
from tests.programs import marked_environment, wait_until_gone

FLAMENCO = (sys.executable, "-m", "flamenco")
READY = "Flamenco Manager is ready:"
START_SECONDS = 5 * PATIENCE
"""Maximum seconds for a Manager to start, while ten Workers and what they render start as well."""
STOP_SECONDS = 25.0
ENDS = ("completed", "failed", "canceled")

JOB_TYPE = '''
"""Tasks as the setting says, in JSON: each has a name, a type, commands, and whom it follows."""

import json

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(label="As told", settings=[Setting("tasks", "string", required=True)])


def compile_job(job: JobToCompile, author: Author) -> None:
    made = {}
    for told in json.loads(job.settings["tasks"]):
        after = [made[name] for name in told["after"]]
        task = made[told["name"]] = author.task(told["name"], told["type"], after=after)
        for name, parameters, steps in told["commands"]:
            task.command(name, parameters, steps=steps)
'''


def task(name: str, *commands: tuple, kind: str = "misc", after: tuple[str, ...] = ()) -> dict:
    """A task of a job; a command is its name, its parameters and, where that counts, its steps."""
    padded = [(*command, 0)[:3] for command in commands]
    return {"name": name, "type": kind, "after": after, "commands": padded}


def shell(script: str) -> tuple[str, dict]:
    """A command that runs a shell script."""
    return "exec", {"exe": "sh", "args": ["-c", script]}


@attrs.define(eq=False)
class Program:
    """A `flamenco` command that runs until the test ends it."""

    process: trio.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        await self.process.wait()

    async def exits(self, seconds: float = PATIENCE) -> int:
        """Wait for its end; its exit status."""
        with trio.fail_after(seconds):
            return await self.process.wait()

    async def stop(self) -> None:
        """Ask it to stop, as a service manager does."""
        if self.process.returncode is None:
            self.process.terminate()
        with trio.move_on_after(STOP_SECONDS):
            await self.process.wait()
        if self.process.returncode is None:
            self.process.kill()

    def catches(self, number: signal.Signals) -> bool:
        """True if it handles a signal, which would end it before."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        caught = re.search(r"^SigCgt:\s+(\w+)$", status, re.MULTILINE)
        return caught is not None and bool(int(caught[1], 16) & (1 << (number - 1)))

    def said(self, pattern: str) -> bool:
        """True if a line of its log matches."""
        return re.search(pattern, self.log.read_text(errors="replace")) is not None

    def memory(self) -> float:
        """MiB that it held at most so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@attrs.define(eq=False)
class Farm:
    """One Manager, which may be killed and started anew, and its Workers."""

    folder: Path
    http: httpx.AsyncClient
    disks: Disks | None = None
    """Small disks for its folders; None: they are where they seem."""
    corrected_by: Path | None = None
    """File with the seconds by which the Manager's clock is ahead; None: it is right."""
    environment: dict[str, str] = attrs.field(factory=marked_environment)
    port: int = 0
    manager: Program | None = None
    _programs: list[Program] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(
        self,
        *command: object,
        name: str,
        under: tuple[str, ...] = (),
        flamenco: tuple[str, ...] = FLAMENCO,
        **options: Any,
    ) -> Program:
        """Start a `flamenco` command; its log is ``name``.log."""
        under = (*(self.disks.under if self.disks else ()), *under)
        path = self.folder / f"{name}.log"
        with path.open("ab") as log:
            process = await trio.lowlevel.open_process(
                [*under, *flamenco, *map(str, command)],
                stderr=log,
                **{"stdout": log, "env": self.environment, **options},
            )
        program = Program(process, path)
        self._programs.append(program)
        return program

    async def start_manager(self, under: tuple[str, ...] = ()) -> None:
        """Start the Manager, on the port it had if it ran before; ``under`` as for a worker."""
        storage = self.folder / "farm"
        options = ("--storage", storage, "--config", self.folder / "manager.yaml")
        listen = ("--listen", f"127.0.0.1:{self.port}")
        flamenco = FLAMENCO
        if self.corrected_by is not None:
            flamenco = (sys.executable, "-m", corrected.MODULE, str(self.corrected_by))
        self.manager = program = await self.start(
            *("manager", *options, *listen),
            name="manager",
            under=under,
            flamenco=flamenco,
            stdout=subprocess.PIPE,
        )
        line = b""
        with trio.fail_after(START_SECONDS):
            while not line.endswith(b"\n"):
                piece = await program.process.stdout.receive_some()
                assert piece, program.log.read_text()[-5000:]
                line += piece
        assert line.decode().startswith(READY)
        self.port = httpx.URL(line.decode().removeprefix(READY).strip()).port

    async def worker(
        self,
        name: str,
        *options: object,
        task_types: tuple[str, ...] = ("misc",),
        url: str = "",
        under: tuple[str, ...] = (),
        **settings: object,
    ) -> Program:
        """Start a Worker; it reaches its Manager at ``url`` if that is given.

        ``under`` is a command that runs the one which follows it.
        """
        home = self.home(name)
        home.mkdir(exist_ok=True)
        config = self.folder / f"{name}.yaml"
        known = {"gpus": [], "software": ["blender 3.4", "ffmpeg 5.1"]}  # it asks none of them
        config.write_text(json.dumps({"task_types": task_types, **known, **settings}))
        command = ("worker", "--manager", url or self.url, "--name", name, "--home", home)
        return await self.start(*command, "--config", config, *options, name=name, under=under)

    def home(self, name: str) -> Path:
        """Where a Worker keeps what it keeps."""
        return self.folder / name

    async def stop(self) -> None:
        """Stop all Workers, then the Manager."""
        async with trio.open_nursery() as nursery:
            for program in self._programs:
                if program is not self.manager:
                    nursery.start_soon(program.stop)
        await self.manager.stop()

    # What people ask

    async def get(self, path: str) -> Any:
        """The Manager's answer; None for an empty one."""
        answer = await self.http.get(f"{self.url}api/v3/{path}")
        return answer.raise_for_status().json() if answer.content else None

    async def post(self, path: str, **body: object) -> Any:
        answer = await self.http.post(f"{self.url}api/v3/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def submit(self, *tasks: dict, name: str = "job", url: str = "") -> str:
        """Submit a job of such tasks; its id. Raises `httpx.HTTPStatusError` if it is refused."""
        settings = {"tasks": json.dumps(tasks)}
        body = {"name": name, "type": "as-told", "submitter_platform": "linux"}
        path = f"{url or self.url}api/v3/jobs"
        answer = await self.http.post(path, json={**body, "settings": settings})
        return answer.raise_for_status().json()["id"]

    async def finished(self, job: str, seconds: float = PATIENCE) -> str:
        """The status of a job once it is finished."""

        async def ended() -> str | None:
            status = (await self.get(f"jobs/{job}"))["status"]
            return status if status in ENDS else None

        return await until(ended, seconds)

    async def tasks(self, job: str) -> dict[str, dict]:
        """The tasks of a job by their names."""
        found = (await self.get(f"jobs/{job}/tasks"))["tasks"]
        return {each["name"]: await self.get(f"tasks/{each['id']}") for each in found}

    async def task(self, job: str) -> dict:
        """The one task of a job."""
        (found,) = (await self.tasks(job)).values()
        return found

    async def attempts(self, job: str) -> list[dict]:
        """The attempts at the only task of a job, with their outcomes."""
        return (await self.get(f"tasks/{(await self.task(job))['id']}/attempts"))["attempts"]

    def task_log(self, job: str) -> str:
        """The log of the one task of a job, as it lies in the Manager's storage."""
        return "".join(log.read_text(errors="replace") for log in self.task_logs(job))

    def task_logs(self, job: str) -> list[Path]:
        """The files of the logs of a job's tasks."""
        return [*self.seen(self.folder / "farm").rglob(f"{job}/task-*.txt")]

    def seen(self, path: Path) -> Path:
        """The path by which this process sees what lies on one of the disks."""
        return self.disks.seen(path) if self.disks else path

    async def worker_id(self, name: str) -> str:
        """The id of a worker once it has registered."""
        return (await self.known(name))["id"]

    async def known(self, name: str) -> dict:
        """The Manager's data of a worker, once it has registered."""

        async def look() -> dict | None:
            found = (await self.get("worker-mgt/workers"))["workers"]
            return next((each for each in found if each["name"] == name), None)

        return await until(look)

    async def until_worker(self, name: str, status: str, seconds: float = PATIENCE) -> None:
        """Wait until a worker has a status."""

        async def reached() -> bool:
            return (await self.known(name))["status"] == status

        await until(reached, seconds)

    async def request(self, name: str, status: str, *, lazy: bool = False) -> None:
        """Ask a worker to go to a status."""
        worker = await self.worker_id(name)
        await self.post(f"worker-mgt/workers/{worker}/setstatus", status=status, is_lazy=lazy)


@asynccontextmanager
async def open_farm(
    folder: Path,
    *,
    under: tuple[str, ...] = (),
    disks: Disks | None = None,
    corrected_by: Path | None = None,
    **config: object,
) -> AsyncIterator[Farm]:
    """A Manager with this configuration; nothing that it or its Workers started is left behind."""
    scripts = folder / "farm" / "scripts"
    if disks is not None:
        scripts = disks.seen(scripts)
    scripts.mkdir(parents=True)
    (scripts / "as_told.py").write_text(JOB_TYPE)
    content = {"_meta": {"version": 3}, "shaman": {"enabled": False}, **config}
    (folder / "manager.yaml").write_text(json.dumps(content))
    limits = httpx.Limits(keepalive_expiry=0)  # the Manager is killed now and then
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False, limits=limits) as http:
        farm = Farm(folder, http, disks, corrected_by)
        try:
            await farm.start_manager(under)
            yield farm
        finally:
            with trio.move_on_after(PATIENCE, shield=True):
                await farm.stop()
    left = await trio.to_thread.run_sync(wait_until_gone, farm.environment)
    assert left == [], left


async def appears(path: Path, seconds: float = PATIENCE) -> str:
    """Wait for a file with a whole line in it; its text."""

    def text() -> str:
        try:
            found = path.read_text()
        except FileNotFoundError:
            return ""
        return found if found.endswith("\n") else ""

    return await until(text, seconds)


def is_running(pid: int) -> bool:
    """True if a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def ends(pid: int, seconds: float = PATIENCE) -> None:
    """Wait until a process, anybody's, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        with trio.fail_after(seconds):
            await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)
