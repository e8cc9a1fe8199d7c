"""Job type: a message, then sleep, to try out a farm (reference job-types §4)."""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(
    label="Echo Sleep Test",
    settings=[
        Setting("message", "string", required=True),
        Setting("sleep_duration_seconds", "int32", default=1),
        Setting("sleep_repeats", "int32", default=1),
    ],
)


def compile_job(job: JobToCompile, author: Author) -> None:
    """One task that echoes, then the tasks that sleep."""
    settings = job.settings
    echo = author.task("echo", "misc")
    echo.command("echo", {"message": settings["message"]})
    for _ in range(settings["sleep_repeats"]):
        sleep = author.task("sleep", "misc", after=[echo])
        sleep.command("sleep", {"duration_in_seconds": settings["sleep_duration_seconds"]})
