"""Settings and metadata are stored as a job type's script leaves them."""

import pytest

from flamenco.jobtypes import open_compiler
from flamenco.manager.refusals import Refusal
from tests.manager.conftest import SHAPED, stage_at

SCRIPT = '''
"""A job type that changes what was submitted."""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(label="Marks", settings=[Setting("message", "string")])


def compile_job(job: JobToCompile, author: Author) -> None:
    job.metadata["shot"] = job.metadata["shot"].upper()
    job.settings["seen"] = True
    author.task("echo", "misc").command("echo", {"message": job.settings["message"]})
'''


async def test_settings_and_metadata_are_stored_as_the_script_left_them(tmp_path):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "marks.py").write_text(SCRIPT)
    async with stage_at(tmp_path) as stage:
        job = await stage.submit(type="marks", metadata={"shot": "a010"})
        stored = await stage.farm.services.reader.job(job.id)
        assert stored == job
        assert stored.metadata == {"shot": "A010"}
        assert stored.settings["seen"] is True


async def test_a_task_type_that_no_worker_offers_is_a_warning_that_is_stored(tmp_path):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "shaped.py").write_text(SHAPED)
    async with stage_at(tmp_path) as stage:
        await stage.worker("one")
        job = await stage.shaped("misc holography approval blender holography")
        warning = "no worker offers tasks of type 'holography': they wait until one does"
        assert job.warnings == (warning,)
        assert (await stage.farm.services.reader.job(job.id)).warnings == (warning,)


async def test_settings_that_no_type_knows_are_passed_on(tmp_path):
    async with stage_at(tmp_path) as stage:
        settings = {"message": "hi", "of_a_newer_script": [1]}
        job = await stage.submit(settings=settings)
        assert job.settings["of_a_newer_script"] == [1]


async def test_a_job_that_uses_ids_of_its_tasks_gets_these(tmp_path):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "ids.js").write_text(
        """
        const JOB_TYPE = {label: "Ids", settings: []};
        function compileJob(job) {
            const [a, b] = ["a", "b"].map((name) => author.Task(name, "misc"));
            b.addDependency(a);
            job.settings.ids = [a.uUID, b.uUID];
            job.addTask(b); job.addTask(a);
        }
        """
    )
    async with stage_at(tmp_path) as stage:
        job = await stage.submit(type="ids")
        tasks = {task.name: task for task in await stage.farm.services.reader.tasks(job.id)}
        assert [tasks["a"].id, tasks["b"].id] == job.settings["ids"]
        assert tasks["b"].depends_on == (tasks["a"].id,)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "mine.js: the job has no tasks"),
        ("for (;;) {}", "mine.js, line 2:"),
        ("throw 'not today';", "mine.js, line 3:1: not today"),
    ],
)
async def test_a_script_that_fails_refuses_its_job_and_no_other(tmp_path, body, reason):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    head = 'const JOB_TYPE = {label: "Mine", settings: []};\n'
    (scripts / "mine.js").write_text(f"{head}function compileJob(job) {{\n{body}\n}}")
    async with stage_at(tmp_path, open_compiler, job_type_timeout=0.5) as stage:
        with pytest.raises(Refusal) as refused:
            await stage.submit(type="mine")
        assert str(refused.value).startswith(reason)
        assert (await stage.submit(repeats=1)).steps_total == 2


async def test_name_and_priority_are_stored_as_a_script_in_javascript_left_them(tmp_path):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "renames.js").write_text(
        """
        const JOB_TYPE = {label: "Renames", settings: []};
        function compileJob(job) {
            job.name += " (draft)";
            job.priority = 70;
            job.addTask(author.Task("a", "misc"));
        }
        """
    )
    async with stage_at(tmp_path) as stage:
        job = await stage.submit(type="renames", name="shot")
        stored = await stage.farm.services.reader.job(job.id)
        assert (stored.name, stored.priority) == ("shot (draft)", 70)
