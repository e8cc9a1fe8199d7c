"""docs/job-types.md says what is true."""

import re
from pathlib import Path

import attrs
import pytest

from flamenco.jobtypes import (
    CompileError,
    SettingsError,
    authoring,
    inline_compiler,
    validate_settings,
)
from flamenco.jobtypes.compiler import DEFAULT_LIMITS
from flamenco.model.jobtypes import Setting
from worker.commands import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "job-types.md").read_text("utf-8")
STAGES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
"""One file, as it grows."""
GIVEN = {"frames": "1-12", "output": "/render/####", "blendfile": "/a.blend"}


@pytest.fixture
def turntable(scripts, job):
    """Compile a job of the page's first job type, as it is at a stage."""
    compiler = inline_compiler(scripts)

    async def compile_(stage=-1, **settings):
        (scripts / "turntable.py").write_text(STAGES[stage])
        job_type = await compiler.job_type("turntable")
        assert not job_type.error
        return await compiler.compile(job("turntable", **validate_settings(job_type, settings)))

    return compile_


async def test_the_way_to_the_first_job_type_works_at_each_stage(turntable):
    (done,) = (await turntable(0)).tasks
    assert done.commands[0].parameters == {"message": "My Job is rendered"}
    (render,) = (await turntable(1, output="/render/####", blendfile="/a.blend")).tasks
    assert render.commands[0].parameters["args"][-1] == "1..24"
    compiled = await turntable(**GIVEN)
    assert [each.name for each in compiled.tasks] == [
        "render-1-5",
        "render-6-10",
        "render-11,12",
        "done",
    ]
    assert compiled.tasks[-1].depends_on == (0, 1, 2)
    assert compiled.tasks[-1].priority == 80


async def test_the_refusals_of_the_page_are_those_an_artist_gets(turntable):
    with pytest.raises(SettingsError) as refused:
        await turntable(**GIVEN, chunk_size=0)
    assert f"`{refused.value}`" in PAGE
    with pytest.raises(CompileError, match="output needs a place for the frame number"):
        await turntable(**GIVEN | {"output": "/render/frame"})


def section(name: str) -> str:
    """The page's section on a built-in type, and on the one whose settings it shares."""
    text = PAGE.partition(f"### `{name}`")[2].partition("\n### ")[0]
    shared = re.search(r"In addition to the settings of\s+`([\w-]+)`", text)
    return text + section(shared[1]) if shared else text


async def test_the_page_has_a_row_for_each_setting_of_the_built_in_types():
    for job_type in await inline_compiler().job_types():
        rows = section(job_type.name).splitlines()
        for setting in job_type.settings:
            (row,) = [line for line in rows if re.match(rf"\| [^|]*`{setting.key}`", line)]
            assert f"| {setting.type} |" in row


@pytest.mark.parametrize("name", sorted(set(authoring.__all__) - {"FrameRangeError", "TaskDraft"}))
def test_the_page_tells_of_everything_that_scripts_can_import(name):
    assert name in PAGE


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_a_row_for_each_command_of_the_worker_with_its_parameters(name):
    (row,) = [line for line in PAGE.splitlines() if re.match(rf"\| `{name}`(?: \*)? \|", line)]
    fields = {each.name: each for each in attrs.fields(COMMANDS[name].parameters)}
    of_programs = {"env", "cwd"} & set(fields)
    listed = re.findall(r"(\*\*)?`(\w+)`", row.split("|")[3])
    assert {field for _, field in listed} == set(fields) - of_programs
    for mark, field in listed:
        assert bool(mark) == (fields[field].default is attrs.NOTHING), field
    assert bool(of_programs) == row.startswith(f"| `{name}` *")


@pytest.mark.parametrize("argument", [each.name for each in attrs.fields(Setting)[2:]])
def test_the_page_has_a_row_for_each_argument_of_a_setting(argument):
    assert f"| `{argument}` |" in PAGE


def test_the_page_has_the_limits_that_hold():
    assert f"longer than {DEFAULT_LIMITS.seconds:g} s" in PAGE
    assert f"more than {DEFAULT_LIMITS.memory // 1024**3} GiB" in PAGE
