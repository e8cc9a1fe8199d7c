"""Job types over HTTP: the list, and what is told of a job that does not fit its type."""

import pytest

from tests.web.conftest import JOB

SCRIPT = """
const JOB_TYPE = {
    label: "Mine",
    settings: [
        { key: "frames", type: "string", required: true },
        { key: "samples", type: "int32", propargs: {min: 1, max: 64}, default: 8 },
        { key: "engine", type: "string", choices: ["CYCLES", "EEVEE"] },
        { key: "fps", type: "float", propargs: {min: 1} },
        { key: "previews", type: "bool" },
    ],
};
function compileJob(job) {
    job.addTask(author.Task("one", "holography"));
}
"""


DEMANDING = """
from flamenco.jobtypes.authoring import JobType
from flamenco.model.specs import Requirements, Software

JOB_TYPE = JobType(label="Mine", settings=[])

def compile_job(job, author):
    author.require("misc", Requirements(software=(Software("Blender", "VERSION"),)))
    author.task("one", "misc").command("echo", {"message": "one"})
"""


@pytest.fixture
def scripts(edge):
    folder = edge.storage / "scripts"
    folder.mkdir()
    return folder


async def test_a_broken_type_is_listed_with_its_error(edge, scripts):
    (scripts / "mine.js").write_text(SCRIPT)
    (scripts / "broken.js").write_text("const JOB_TYPE = ;")
    listed = (await edge.http.get("/api/v3/jobs/types")).json()["job_types"]
    types = {each["name"]: each for each in listed}
    assert "error" not in types["mine"]
    assert types["broken"]["settings"] == []
    assert types["broken"]["error"].startswith("broken.js, line 1:")
    alone = (await edge.http.get("/api/v3/jobs/type/broken")).json()
    assert alone == types["broken"]


async def test_a_type_with_an_odd_setting_is_listed_with_a_warning(edge, scripts):
    (scripts / "mine.js").write_text(SCRIPT.replace("default: 8", "default: 80"))
    told = (await edge.http.get("/api/v3/jobs/type/mine")).json()
    assert told["settings"][1]["default"] == 64
    assert told["warnings"] == [
        "default of settings.samples: expected a whole number from 1 to 64, got 80; 64 is taken"
    ]


@pytest.mark.parametrize("path", ["/api/v3/jobs", "/api/v3/jobs/check"])
async def test_all_that_does_not_fit_is_told_in_one_answer(edge, scripts, path):
    (scripts / "mine.js").write_text(SCRIPT)
    settings = {"samples": 65, "engine": "LUX", "fps": "24", "previews": 1}
    answer = await edge.http.post(path, json=JOB | {"type": "mine", "settings": settings})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "settings.frames: expected a text, got nothing; "
        "settings.samples: expected a whole number from 1 to 64, got 65; "
        "settings.engine: expected one of 'CYCLES', 'EEVEE', got 'LUX'; "
        "settings.fps: expected a number from 1, got '24'; "
        "settings.previews: expected true or false, got 1"
    )


async def test_the_warnings_of_a_job_are_told_for_as_long_as_they_hold(edge, scripts):
    (scripts / "mine.js").write_text(SCRIPT)
    answer = await edge.http.post(
        "/api/v3/jobs", json=JOB | {"type": "mine", "settings": {"frames": "1"}}
    )
    assert answer.status_code == 200
    (warning,) = answer.json()["warnings"]
    assert warning.startswith("no worker offers tasks of type 'holography'")

    async def told() -> list[dict]:
        """The job by itself, and on the list."""
        alone = await edge.http.get(f"/api/v3/jobs/{answer.json()['id']}")
        return [alone.json(), *(await edge.http.get("/api/v3/jobs")).json()["jobs"]]

    assert [job["warnings"] for job in await told()] == [[warning], [warning]]
    anna = {"name": "anna", "supported_task_types": ["holography"]}
    known = await edge.http.post(
        "/api/v3/worker/register-worker", json=anna | {"secret": "x", "platform": "linux"}
    )
    came = await edge.http.post(
        "/api/v3/worker/sign-on",
        json=anna | {"software_version": "3.9"},
        auth=(known.json()["uuid"], "x"),
    )
    assert came.status_code == 200
    assert not any("warnings" in job for job in await told())


@pytest.mark.parametrize("path", ["/api/v3/jobs", "/api/v3/jobs/check"])
@pytest.mark.parametrize("wanted", [">=4.2", ">=4." + 600 * "2", ">=4." + 2000 * "2"])
async def test_conditions_on_a_program_that_are_too_long_are_refused_with_the_reason(
    edge, scripts, path, wanted
):
    """Those of the job and of its type are kept together."""
    (scripts / "mine.py").write_text(DEMANDING.replace("VERSION", wanted))
    blender = {"name": "Blender", "version": ">=3." + 600 * "1"}
    needed = {"task_types": {"misc": {"software": [blender]}}}
    job = JOB | {"type": "mine", "settings": {}, "requirements": needed}
    answer = await edge.http.post(path, json=job)
    fits = len(wanted) < 100
    assert answer.is_success == fits, answer.text
    if not fits:
        assert answer.status_code == 400
        assert "expected a version specifier such as '>=4.2,<5'" in answer.json()["message"]


async def test_a_job_is_checked_for_its_tag_as_it_is_when_it_is_submitted(edge):
    job = JOB | {"worker_tag": "00000000-0000-0000-0000-000000000000"}
    for path in ("jobs/check", "jobs"):
        answer = await edge.http.post(f"/api/v3/{path}", json=job)
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("worker_tag: there is no tag")
