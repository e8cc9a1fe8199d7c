"""Tools for job-type scripts. See docs/job-types.md.

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting, frame_chunker

JOB_TYPE = JobType(
    label="My Render",
    settings=[Setting("frames", "string", required=True), Setting("blendfile", "string")],
)

def compile_job(job: JobToCompile, author: Author) -> None:
    for chunk in frame_chunker(job.settings["frames"], 10):
        task = author.task(f"render-{chunk}", "blender")
        task.command("blender-render", {"exe": "{blender}", ...})
"""

import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco.jobtypes import path
from flamenco.model.folders import folder_name
from flamenco.model.frames import (
    FrameRangeError,
    frame_chunker,
    frame_count,
    frame_numbers,
)
from flamenco.model.jobs import AuthoredTask, Command, CompiledJob
from flamenco.model.jobtypes import EvalInfo, JobToCompile, JobType, Setting
from flamenco.model.specs import NOTHING, Requirements, Software, combined

__all__ = [
    "Author",
    "EvalInfo",
    "FrameRangeError",
    "JobToCompile",
    "JobType",
    "Requirements",
    "Setting",
    "Software",
    "TaskDraft",
    "fill_output_path",
    "folder_name",
    "format_timestamp_local",
    "frame_chunker",
    "frame_count",
    "frame_numbers",
    "output_settings",
    "path",
    "shell_split",
]


@attrs.define(eq=False)
class TaskDraft:
    """A task under construction."""

    name: str
    type: str
    """Task type: `blender`, `ffmpeg`, `file-management` or `misc`, or one of your own Workers."""
    priority: int = 50
    """Priority from 0 to 100; of a job's tasks that could start, the highest starts first."""
    commands: list[Command] = attrs.field(factory=list)
    prerequisites: list["TaskDraft"] = attrs.field(factory=list)

    def command(self, name: str, parameters: Mapping[str, Any], steps: int = 0) -> None:
        """Add a command of the Worker, which counts ``steps`` in the task's progress."""
        self.commands.append(Command(name, dict(parameters), steps))

    def after(self, *tasks: "TaskDraft") -> None:
        """Let this task wait until ``tasks`` are completed."""
        self.prerequisites.extend(tasks)


@attrs.define
class Author:
    """The author of a job's tasks."""

    tasks: list[TaskDraft] = attrs.field(factory=list)
    requirements: dict[str, Requirements] = attrs.field(factory=dict)
    """Requirements for workers, by task type."""

    def task(
        self, name: str, task_type: str, *, after: Iterable[TaskDraft] = (), priority: int = 50
    ) -> TaskDraft:
        """Add a task to the job, to start when the tasks in ``after`` are completed.

        Raises ValueError without a name and a type.
        """
        name, task_type = name.strip(), task_type.strip()
        if not name or not task_type:
            raise ValueError(f"a task needs a name and a type, got {name!r} and {task_type!r}")
        task = TaskDraft(name, task_type, priority, prerequisites=list(after))
        self.tasks.append(task)
        return task

    def require(self, task_type: str, requirements: Requirements) -> None:
        """Let tasks of a type go only to workers that meet the requirements.

        They are added to those of the job's submitter, and to those of earlier calls.
        """
        before = self.requirements.get(task_type, NOTHING)
        self.requirements[task_type] = combined(before, requirements)

    def compiled(self, job: JobToCompile) -> CompiledJob:
        """The compiled job.

        Raises ValueError if a task depends on one that is not in the job.
        """
        places = {id(task): place for place, task in enumerate(self.tasks)}
        return CompiledJob(
            settings=job.settings,
            tasks=tuple(_authored(task, places) for task in self.tasks),
            metadata=job.metadata,
            requirements=self.requirements,
        )


def _authored(task: TaskDraft, places: Mapping[int, int]) -> AuthoredTask:
    for each in task.prerequisites:
        if id(each) not in places:
            raise ValueError(
                f"task {task.name!r} depends on {each.name!r}, which is not in the job"
            )
    depends_on = dict.fromkeys(places[id(each)] for each in task.prerequisites)
    return AuthoredTask(
        task.name, task.type, tuple(task.commands), tuple(depends_on), task.priority
    )


def shell_split(text: str) -> list[str]:
    """The words of a command line, with quotes and backslashes as in a shell.

    Raises ValueError if a quote is not closed.
    """
    return shlex.split(text)


def format_timestamp_local(moment: datetime) -> str:
    """A moment as `2026-11-24_093000` in the Manager's time zone."""
    return moment.astimezone().strftime("%Y-%m-%d_%H%M%S")


def output_settings(what: str) -> tuple[Setting, ...]:
    """Settings for the place of a job's output, ``what`` such as frames: the last is the path.

    Artists choose the first two, and see the result in the last. See `fill_output_path`.
    """
    return (
        Setting(
            "render_output_root",
            "string",
            subtype="dir_path",
            required=True,
            visible="submission",
            description=f"Folder under which the job gets a folder for its {what}",
        ),
        Setting(
            "add_path_components",
            "int32",
            required=True,
            default=0,
            propargs={"min": 0, "max": 32},
            visible="submission",
            description="Number of folders above the .blend file to repeat in the output path",
        ),
        Setting(
            "render_output_path",
            "string",
            subtype="file_path",
            editable=False,
            eval=(
                "str(Path(abspath(settings.render_output_root), "
                "last_n_dir_parts(settings.add_path_components), "
                "'{jobname}', '{timestamp}', '######'))"
            ),
            description=f"Path of the {what}: ###### becomes the frame number",
        ),
    )


def fill_output_path(job: JobToCompile) -> str:
    """The path in `render_output_path`, after filling in job name and time of submission there.

    The name becomes one folder, whatever it is.

    Raises ValueError if there is no path.
    """
    output: str | None = job.settings.get("render_output_path")
    if not output:
        raise ValueError("expected a path in render_output_path, got nothing")
    output = output.replace("{timestamp}", format_timestamp_local(job.created))
    output = output.replace("{jobname}", folder_name(job.name))
    job.settings["render_output_path"] = output
    return output
