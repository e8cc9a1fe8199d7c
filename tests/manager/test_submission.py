"""What a job type's script leaves of settings and metadata is what is stored."""

from tests.manager.conftest import stage_at

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
