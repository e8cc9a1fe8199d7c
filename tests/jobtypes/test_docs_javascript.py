"""The statements of docs/job-types.md on JavaScript are true."""

import json
import re
from pathlib import Path

import pytest
import quickjs

from flamenco.jobtypes import CompileError, inline_compiler, validate_settings
from flamenco.jobtypes.javascript import PRELUDE
from flamenco.jobtypes.process import MOST_ANSWERED, MOST_PRINTED

PAGE = (Path(__file__).parents[2] / "docs" / "job-types.md").read_text("utf-8")
STAGES = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
"""One file, as it grows."""
GIVEN = {"frames": "1-12", "output": "/render/####", "blendfile": "/a.blend"}
TABLE = PAGE.partition("\n## JavaScript\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| (`.*?) \| .* \| `(\w+)` \|$", TABLE, re.MULTILINE)
API = [
    *("JOB_TYPE", "compileJob", "author.Task", "author.Command", "task.addCommand"),
    *("task.addDependency", "task.name", "task.type", "task.priority", "task.uUID"),
    *("job.addTask", "job.settings", "job.metadata", "job.name", "job.jobType", "job.priority"),
    *("job.jobID", "job.created", "job.status", "job.workerTagUUID", "frameChunker", "frameCount"),
    *("job.storage.shamanCheckoutID", "formatTimestampLocal", "shellSplit", "print", "alert"),
    *("task.commands", "task.dependencies", "job.tasks", "command.name", "command.parameters"),
    *("path.basename", ".dirname", ".join", ".stem", "process.cwd", "process.platform", "require"),
]
"""All names of the scripting API (reference job-types §3)."""


@pytest.fixture
def shots(scripts, job):
    """Compile a job of the page's first job type in JavaScript, as it is at a stage."""
    compiler = inline_compiler(scripts)

    async def compile_(stage, **settings):
        (scripts / "shots.js").write_text(STAGES[stage])
        job_type = await compiler.job_type("shots")
        assert not job_type.error
        return await compiler.compile(job("shots", **validate_settings(job_type, settings)))

    return compile_


async def test_the_way_to_the_first_job_type_in_javascript_works_at_each_stage(shots):
    (done,) = (await shots(0)).tasks
    assert done.commands[0].parameters == {"message": "My Job is rendered"}
    compiled = await shots(1, **GIVEN)
    assert [each.name for each in compiled.tasks] == [
        "render-1-5",
        "render-6-10",
        "render-11,12",
        "done",
    ]
    assert compiled.tasks[0].commands[0].parameters["args"][-1] == "1..5"
    assert compiled.tasks[-1].depends_on == (0, 1, 2)
    assert compiled.tasks[-1].priority == 80


async def test_the_refusal_of_the_page_is_what_an_artist_reads(shots):
    with pytest.raises(CompileError) as refused:
        await shots(1, **GIVEN | {"output": "/render/frame"})
    assert f"`{refused.value}`" in PAGE.replace("\n", " ")


def test_each_name_of_the_scripting_api_has_its_row():
    listed = " ".join(name for name, _ in ROWS)
    assert len(STAGES) == 2
    assert not [name for name in API if not re.search(rf"`{re.escape(name)}\b", listed)]


def test_each_row_names_a_test_that_there_is():
    tests = " ".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert len(ROWS) > 18
    assert not [test for _, test in ROWS if f"def {test}(" not in tests]


def test_scripts_see_no_name_that_has_no_row():
    context = quickjs.Context()
    names = "JSON.stringify(Object.getOwnPropertyNames(globalThis))"
    before = set(json.loads(context.eval(names)))
    context.eval(PRELUDE)
    ours = set(json.loads(context.eval(names))) - before | {"process"}
    assert "frameChunker" in ours
    assert not [name for name in ours if not re.search(rf"`{name}\b", TABLE)]


def test_the_page_has_the_sizes_that_hold():
    assert f"prints more than {MOST_PRINTED // 1024**2} MiB" in PAGE
    assert f"returns more than {MOST_ANSWERED // 1024**2} MiB of tasks" in PAGE
