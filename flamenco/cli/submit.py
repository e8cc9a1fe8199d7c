"""`flamenco submit`: send a job from the command line."""

import shutil
import uuid
from collections.abc import Sequence
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import attrs
import msgspec
import trio
from cyclopts import Parameter
from msgspec import UnsetType
from rich.console import Console

from flamenco.api.jobs import Job, SubmittedJob
from flamenco.cli.errors import CommandError
from flamenco.cli.failures import tell_failure_of
from flamenco.cli.progress import follow
from flamenco.cli.reaching import ManagerUrl, Priority
from flamenco.cli.running import until_interrupted
from flamenco.cli.showing import complain
from flamenco.client import Conflict, ManagerClient, Rejected, Unreachable, open_client
from flamenco.config.worker import DEFAULT_MANAGER_URL
from flamenco.jobtypes.blend_facts import ask_blender, outside, settings_from_blend
from flamenco.jobtypes.described import job_type_from
from flamenco.model.jobs import OWNER
from flamenco.model.jobtypes import JobType
from flamenco.platforms import PLATFORM

SUBMIT_SECONDS, PAUSE_SECONDS = 120.0, 1.0
"""Time for which a submission whose answer is lost is sent again, and the pause in between."""

SERVER_ERRORS = 500
"""First of the statuses that refuse nothing: the Manager, or a proxy, could not answer."""


def submit(
    file: Path,
    *,
    type: Annotated[str, Parameter(help="job type")] = "simple-blender-render",  # noqa: A002
    frames: Annotated[
        str | None, Parameter(help="frames such as 1-10,15; default: the scene's")
    ] = None,
    output: Annotated[Path | None, Parameter(help="folder below which frames are rendered")] = None,
    name: Annotated[str | None, Parameter(help="name of the job; default: the file's")] = None,
    priority: Priority = 50,
    setting: Annotated[
        list[str] | None, Parameter(help="KEY=VALUE of another setting; repeatable", negative="")
    ] = None,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
    blender: Annotated[str, Parameter(help="Blender that reads the file")] = "blender",
    wait: Annotated[bool, Parameter(help="wait until the job is finished", negative="")] = False,
) -> int:
    """Send FILE.blend to the farm. Workers must be able to read it under the same path.

    Blender reads missing settings from the file itself. The job's id is printed on stdout. With
    --wait, the exit status is 0 only if the job completed.

    Example: flamenco submit shot.blend --frames 1-24 --output /srv/renders --wait
    """
    request = Request(
        file=file.absolute(),
        type=type,
        name=name or file.stem,
        priority=priority,
        frames=frames,
        output=output,
        settings=tuple(setting or ()),
        blender=blender,
    )
    return until_interrupted(request.run, manager, wait)


@attrs.frozen(kw_only=True)
class Request:
    """The request on the command line."""

    file: Path
    type: str
    name: str
    priority: int
    frames: str | None
    output: Path | None
    settings: Sequence[str]
    blender: str

    async def run(self, manager: str, wait: bool) -> int:
        async with open_client(manager, "CLI") as client:
            job = await self.submit(client)
            print(job.id, flush=True)
            for warning in () if isinstance(job.warnings, UnsetType) else job.warnings:
                complain(f"warning: {warning}")
            if not wait:
                return 0
            done = await follow(client, job, Console(stderr=True, highlight=False))
        if done.status == "failed":
            await trio.to_thread.run_sync(tell_failure_of, manager, job.id)
        return 0 if done.status == "completed" else 1

    async def submit(self, client: ManagerClient) -> Job:
        """Submit the job. Raises `CommandError` and `ManagerError`."""
        available = await client.job_type(self.type)
        if available.error:
            raise CommandError(f"job type {self.type} is broken: {available.error}")
        described = job_type_from(msgspec.to_builtins(available))
        job_type = attrs.evolve(described, name=available.name, etag=available.etag)
        storage = (await client.shared_storage("users", PLATFORM)).location
        given = self._given(job_type, storage)
        blender = shutil.which(self.blender)
        if blender is None:
            raise CommandError(f"there is no program {self.blender}; choose one with --blender")
        asked = await ask_blender(blender, self.file, job_type, self.name, given)
        settings = settings_from_blend(job_type, asked.settings, given, str(self.file))
        shared = [storage, *filter(None, [given.get("render_output_root")])]
        for warning in outside(asked.outputs, shared):
            complain(f"warning: {warning}")
        job = SubmittedJob(
            name=self.name,
            type=self.type,
            type_etag=job_type.etag,
            priority=self.priority,
            settings=settings,
            submitter_platform=PLATFORM,
            metadata={OWNER: getuser()},
        )
        return await submit_once(client, job)

    def _given(self, job_type: JobType, storage: str) -> dict[str, Any]:
        given = dict(parse_setting(each, job_type) for each in self.settings)
        if self.frames is not None:
            given["frames"] = self.frames
        if job_type.setting("render_output_root") and "render_output_root" not in given:
            root = self.output.absolute() if self.output else Path(storage) / "renders"
            given["render_output_root"] = str(root)
        return given


async def submit_once(client: ManagerClient, job: SubmittedJob) -> Job:
    """Submit a job; if the answer is lost, ask for it again, which makes no second job.

    Raises `ManagerError`.
    """
    key, deadline = str(uuid.uuid4()), trio.current_time() + SUBMIT_SECONDS
    while True:
        try:
            return await client.submit(job, key=key)
        except (Unreachable, Rejected) as error:
            if not _may_be_made(error) or trio.current_time() >= deadline:
                raise
        await trio.sleep(PAUSE_SECONDS)


def _may_be_made(error: Unreachable | Rejected) -> bool:
    """True if the job may be made all the same, since it was not refused."""
    return isinstance(error, Unreachable | Conflict) or error.status >= SERVER_ERRORS


def parse_setting(text: str, job_type: JobType) -> tuple[str, Any]:
    """Key and value of ``KEY=VALUE``, in the setting's type. Raises `CommandError`."""
    key, separator, value = text.partition("=")
    setting = job_type.setting(key)
    if not separator or setting is None:
        known = ", ".join(each.key for each in job_type.settings)
        raise CommandError(f"--setting {text}: expected KEY=VALUE with a key of {known}")
    if setting.type == "string":
        return key, value
    kinds = {"int32": int, "float": float, "bool": bool}
    try:
        return key, msgspec.convert(value, kinds[setting.type], strict=False)
    except msgspec.ValidationError:
        raise CommandError(f"--setting {text}: expected a value of type {setting.type}") from None
