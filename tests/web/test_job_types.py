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
