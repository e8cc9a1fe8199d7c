"""Scripts run on the Manager's machine: only what its operator put there, no task can have."""

import pytest

from flamenco.jobtypes import CompileError, inline_compiler
from tests.jobtypes.conftest import ONE_TASK, TYPE

CODE = f"{TYPE}function compileJob(job) {{ {ONE_TASK} }}\n"


async def test_a_script_that_is_a_link_is_refused(scripts, job):
    (scripts.parent / "elsewhere.js").write_text(CODE)
    (scripts / "mine.js").symlink_to(scripts.parent / "elsewhere.js")
    compiler = inline_compiler(scripts)
    assert "mine.js: is a link" in (await compiler.job_type("mine")).error
    with pytest.raises(CompileError, match="is a link"):
        await compiler.compile(job("mine"))


@pytest.mark.parametrize("behind_a_link", [True, False])
async def test_scripts_in_the_shared_storage_are_refused(scripts, job, tmp_path, behind_a_link):
    (scripts / "mine.js").write_text(CODE)
    shared = tmp_path
    if behind_a_link:
        shared = tmp_path.parent / f"{tmp_path.name}-link"
        shared.symlink_to(tmp_path)
    compiler = inline_compiler(scripts, shared)
    assert "lies in the shared storage" in (await compiler.job_type("mine")).error
    with pytest.raises(CompileError, match="folder of its own"):
        await compiler.compile(job("mine"))
    assert (await compiler.job_type("echo-sleep-test")).error == ""


async def test_scripts_beside_the_shared_storage_are_run(scripts, job, tmp_path):
    (scripts / "mine.js").write_text(CODE)
    made = await inline_compiler(scripts, tmp_path / "shared").compile(job("mine"))
    assert len(made.tasks) == 1
