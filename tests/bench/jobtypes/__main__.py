"""Measure the compiler of job types, from the job to its tasks in the Manager's memory.

python -m tests.bench.jobtypes [--json FILE]
"""

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import attrs
import trio

from flamenco.jobtypes import Compiler, open_compiler
from flamenco.manager.interpreter import responsive
from flamenco.model.jobtypes import JobToCompile

JAVASCRIPT = """
const JOB_TYPE = {
    label: "Many",
    settings: [
        { key: "frames", type: "string", required: true },
        { key: "blendfile", type: "string", required: true },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    const last = author.Task("preview-video", "ffmpeg");
    for (const chunk of frameChunker(settings.frames, 1)) {
        const task = author.Task(`render-${chunk}`, "blender");
        task.addCommand(author.Command("blender-render", {
            exe: "{blender}",
            exeArgs: "{blenderArgs}",
            argsBefore: [],
            blendfile: settings.blendfile,
            args: [
                "--render-output", path.join("/render/many", "######"),
                "--render-format", "PNG",
                "--render-frame", chunk.replaceAll("-", ".."),
            ],
        }, frameCount(chunk)));
        job.addTask(task);
        last.addDependency(task);
    }
    last.addCommand(author.Command("frames-to-video", {exe: "ffmpeg", fps: 24.0}));
    job.addTask(last);
}
"""
PYTHON = """
from flamenco.jobtypes.authoring import JobType, Setting, frame_chunker, frame_count, path

JOB_TYPE = JobType(
    label="Many",
    settings=[
        Setting("frames", "string", required=True),
        Setting("blendfile", "string", required=True),
    ],
)


def compile_job(job, author):
    settings = job.settings
    renders = []
    for chunk in frame_chunker(settings["frames"], 1):
        task = author.task(f"render-{chunk}", "blender")
        parameters = {
            "exe": "{blender}",
            "exeArgs": "{blenderArgs}",
            "argsBefore": [],
            "blendfile": settings["blendfile"],
            "args": [
                "--render-output", path.join("/render/many", "######"),
                "--render-format", "PNG",
                "--render-frame", chunk.replace("-", ".."),
            ],
        }
        task.command("blender-render", parameters, steps=frame_count(chunk))
        renders.append(task)
    last = author.task("preview-video", "ffmpeg", after=renders)
    last.command("frames-to-video", {"exe": "ffmpeg", "fps": 24.0})
"""


@attrs.frozen
class Figure:
    """One number of a language: compiling a job of so many tasks, so often."""

    language: str
    tasks: int
    times: int
    unit: str
    goal: float | None = None
    """The most it may be."""


FIGURES = {
    "javascript_100k_s": Figure("javascript", 100_000, 3, "s", 2.5),
    "javascript_10_ms": Figure("javascript", 10, 50, "ms", 30),
    "python_100k_s": Figure("python", 100_000, 3, "s"),
    "python_10_ms": Figure("python", 10, 50, "ms"),
}


async def measured(compiler: Compiler, figure: Figure) -> float:
    """The median, in the figure's unit, after one compilation that does not count."""
    job = JobToCompile(
        id="j",
        name="Many",
        type=f"many-{figure.language}",
        created=datetime.now(UTC),
        settings={"frames": f"1-{figure.tasks - 1}", "blendfile": "/render/many.blend"},
    )
    seconds = []
    for _ in range(figure.times + 1):
        start = time.perf_counter()
        compiled = await compiler.compile(job)
        seconds.append(time.perf_counter() - start)
        if len(compiled.tasks) != figure.tasks:
            raise SystemExit(f"expected {figure.tasks} tasks, got {len(compiled.tasks)}")
    return statistics.median(seconds[1:]) * (1000 if figure.unit == "ms" else 1)


async def measure() -> dict[str, dict[str, float]]:
    """All figures, by name and system."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        scripts = trio.Path(folder)
        await (scripts / "many_javascript.js").write_text(JAVASCRIPT, "utf-8")
        await (scripts / "many_python.py").write_text(PYTHON, "utf-8")
        async with open_compiler(Path(folder)) as compiler:
            for name, figure in FIGURES.items():
                value = await measured(compiler, figure)
                results[name] = {"flamenco": value}
                goal = "" if figure.goal is None else f"<= {figure.goal:g}"
                met = "" if figure.goal is None else "ok" if value <= figure.goal else "MISSED"
                print(f"{name:20}{value:9.2f} {figure.unit:3} {goal:8}{met}", flush=True)
    return results


def main() -> int:
    """Measure and tell; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.jobtypes")
    parser.add_argument("--json", type=Path, help="write figure -> system -> value to this file")
    arguments = parser.parse_args()
    with responsive():
        results = trio.run(measure)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    goals = {name: figure.goal for name, figure in FIGURES.items() if figure.goal is not None}
    return int(any(results[name]["flamenco"] > goal for name, goal in goals.items()))


if __name__ == "__main__":
    raise SystemExit(main())
