from datetime import UTC, datetime

import pytest

from flamenco.jobtypes import CompileError, inline_compiler
from flamenco.model.jobtypes import JobToCompile

TYPE = 'const JOB_TYPE = {label: "Mine", settings: []};\n'
ONE_TASK = 'job.addTask(author.Task("one", "misc"));'


@pytest.fixture
def scripts(tmp_path):
    """A folder of scripts, and a way to put one there."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    return folder


@pytest.fixture
def job():
    """Make a job to compile."""

    def make(type_, name="My Job", **settings):
        created = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        return JobToCompile(id="j1", name=name, type=type_, created=created, settings=settings)

    return make


@pytest.fixture
def compile_(scripts, job):
    """Compile a job of a script whose `compileJob` has this body."""

    async def run(body, **settings):
        code = f"{TYPE}function compileJob(job) {{\n{body}\n}}\n"
        (scripts / "mine.js").write_text(code, "utf-8")
        return await inline_compiler(scripts).compile(job("mine", **settings))

    return run


@pytest.fixture
def settings_after(compile_):
    """The job's settings after a body that changes them."""

    async def run(body, **settings):
        return (await compile_(f"const s = job.settings;\n{body}\n{ONE_TASK}", **settings)).settings

    return run


@pytest.fixture
def refusal(compile_):
    """Why a job is refused."""

    async def run(body, **settings):
        with pytest.raises(CompileError) as caught:
            await compile_(body, **settings)
        return caught.value.message

    return run
