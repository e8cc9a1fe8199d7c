"""Jobs with the command `exec` are taken from those who may submit them."""

import attrs
import pytest

from flamenco.config.manager import ExecConfig
from flamenco.model.access import Role
from web.operations import API

SCRIPT = '''
"""A program on a Worker."""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(label="Program", settings=[Setting("program", "string", required=True)])


def compile_job(job: JobToCompile, author: Author) -> None:
    author.task("run", "misc").command("exec", {"exe": job.settings["program"], "args": []})
'''


def job(program):
    wanted = {"name": "job", "type": "program", "settings": {"program": program}}
    return wanted | {"submitter_platform": "linux"}


def set_policy(edge, **policy):
    (edge.storage / "scripts").mkdir(exist_ok=True)
    (edge.storage / "scripts" / "program.py").write_text(SCRIPT)
    services = edge.farm.services
    services.take_over(attrs.evolve(services.config, exec=ExecConfig(**policy)))


@pytest.mark.parametrize("operation", ["jobs", "jobs/dry-run"])
async def test_what_is_switched_off_is_refused_with_its_key(edge, operation):
    set_policy(edge, programs=("oiiotool",))
    refused = await edge.http.post(f"{API}/{operation}", json=job("rm"))
    assert refused.status_code == 400
    assert refused.json()["message"] == "exec: 'rm' is not among exec.programs"
    taken = await edge.http.post(f"{API}/{operation}", json=job("oiiotool"))
    assert taken.status_code == 200


async def test_what_is_for_wranglers_is_refused_to_artists(people):
    set_policy(people.edge, role=Role.WRANGLER)
    for role, status in ((Role.ARTIST, 400), (Role.WRANGLER, 200)):
        asked = {"json": job("rm"), "headers": people.by_cookie(role)}
        answer = await people.edge.http.post(f"{API}/jobs", **asked)
        assert answer.status_code == status
