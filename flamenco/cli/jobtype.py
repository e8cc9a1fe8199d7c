"""`flamenco jobtype`: write, check and try out job types, without a Manager."""

import json
import logging
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import attrs
import msgspec
from cyclopts import App, Parameter

from flamenco import clock
from flamenco.cli.errors import CommandError
from flamenco.cli.running import until_interrupted
from flamenco.jobtypes import open_compiler, open_engine, validate_settings
from flamenco.jobtypes.files import BUILTIN, SUFFIXES, script_name
from flamenco.model.jobs import AuthoredTask, CompiledJob
from flamenco.model.jobtypes import JobToCompile

app = App(name="jobtype", help="Write, check and try out job types.")

Script = Annotated[Path, Parameter(help="script, .js or .py")]


@app.command(name="list")
def list_(
    *,
    scripts: Annotated[Path, Parameter(help="folder of the farm's own scripts")] = Path("scripts"),
) -> int:
    """List job types: the built-in ones, and those in a folder of scripts, which override them.

    A broken job type is listed with its error.
    """

    async def run() -> int:
        async with open_compiler(scripts) as compiler:
            for job_type in await compiler.job_types():
                what = f"broken: {job_type.error}" if job_type.error else job_type.label
                print(f"{job_type.name:24} {what}")
                for warning in job_type.warnings:
                    print(f"{'':24} warning: {warning}")
        return 0

    return _within(run)


@app.command
def export(
    folder: Annotated[Path, Parameter(help="folder to write to, such as scripts")],
    /,
    *,
    force: Annotated[bool, Parameter(help="overwrite existing files", negative="")] = False,
) -> int:
    """Write the built-in job types to a folder, to read them or to change them.

    Those in the folder "scripts" of a Manager override the built-in ones.
    """
    there = sorted(BUILTIN.glob("*.*"))
    files = [file for file in there if file.suffix in SUFFIXES and file.stem != "__init__"]
    present = [file.name for file in files if (folder / file.name).exists()]
    if present and not force:
        raise CommandError(f"{folder} already has {', '.join(present)}; overwrite with --force")
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
        print(folder / file.name)
    return 0


@app.command
def check(file: Script, /) -> int:
    """Run a script to get its description, and tell whether a Manager could use it.

    If it could not, the exit status is 1, and stderr has the error with script and line.
    """

    async def run() -> int:
        async with open_engine(file.parent) as engine:
            job_type = (await engine.describe(*_script(file))).job_type
        count = len(job_type.settings)
        print(f"{job_type.name}: {job_type.label}, {count} setting{'' if count == 1 else 's'}")
        for warning in job_type.warnings:
            print(f"{file.name}: warning: {warning}", file=sys.stderr)
        return 0

    return _within(run)


@app.command(name="dry-run")
def dry_run(
    file: Script,
    /,
    *,
    settings: Annotated[str, Parameter(help="settings of the job, as a JSON object")] = "{}",
    name: Annotated[str, Parameter(help="name of the job")] = "dry run",
    json: Annotated[bool, Parameter(help="print one JSON object", negative="")] = False,
) -> int:
    """Compile a job as a Manager would, and print its tasks. Nothing is sent anywhere.

    Missing settings get their defaults; expressions for Blender aren't evaluated. The script's
    output goes to stderr.

    Example: flamenco jobtype dry-run scripts/turntable.js --settings '{"frames": "1-10"}'
    """
    given = _settings(settings)

    async def run() -> int:
        path, type_name = _script(file)
        async with open_engine(path.parent) as engine:
            job_type = (await engine.describe(path, type_name)).job_type
            job = JobToCompile(
                id=str(uuid.uuid4()),
                name=name,
                type=type_name,
                created=clock.now(),
                settings=validate_settings(job_type, given),
            )
            compiled = await engine.compile(path, job)
        print(_as_json(compiled) if json else "\n".join(map(_as_text, _told(compiled))))
        return 0

    return _within(run)


def _within(run: Callable[[], Awaitable[int]]) -> int:
    """Run it, with the scripts' output on stderr."""
    printed = logging.getLogger("flamenco.jobtypes")
    printed.setLevel(logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    printed.addHandler(handler)
    try:
        return until_interrupted(run)
    finally:
        printed.removeHandler(handler)


def _script(file: Path) -> tuple[Path, str]:
    """The path of a script, and the name of its job type."""
    if file.suffix not in SUFFIXES:
        raise CommandError(f"{file}: expected a script in JavaScript (.js) or Python (.py)")
    if not file.is_file():
        raise CommandError(f"{file}: there is no such file")
    return file.absolute(), script_name(file)


def _settings(text: str) -> dict[str, Any]:
    try:
        values: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CommandError(f"--settings: expected a JSON object: {error}") from None
    return values


def _told(compiled: CompiledJob) -> list[dict[str, Any]]:
    return [_task(task, compiled.tasks) for task in compiled.tasks]


def _task(task: AuthoredTask, tasks: tuple[AuthoredTask, ...]) -> dict[str, Any]:
    return {
        "name": task.name,
        "type": task.type,
        "priority": task.priority,
        "commands": [attrs.asdict(command) for command in task.commands],
        "dependencies": [tasks[place].name for place in task.depends_on],
    }


def _as_json(compiled: CompiledJob) -> str:
    told = {
        "tasks": _told(compiled),
        "settings": compiled.settings,
        "metadata": compiled.metadata,
    }
    return json.dumps(told, indent=1, ensure_ascii=False)


def _as_text(task: dict[str, Any]) -> str:
    after = f", after {', '.join(task['dependencies'])}" if task["dependencies"] else ""
    lines = [f"{task['name']} ({task['type']}, priority {task['priority']}{after})"]
    for command in task["commands"]:
        parameters = json.dumps(command["parameters"], ensure_ascii=False)
        steps = command["total_step_count"]
        lines.append(f"    {command['name']} {parameters}{f', {steps} steps' if steps else ''}")
    return "\n".join(lines)
