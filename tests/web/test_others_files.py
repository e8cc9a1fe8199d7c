"""What a job says of its files never costs others theirs."""

from pathlib import PurePosixPath

import pytest

from flamenco.config.manager import ManagerConfig, ShamanConfig
from tests.patience import until
from tests.web.conftest import JOB, call, edge_at
from tests.web.test_shaman import SCENE, checkout, send, spec


async def submitted(edge, checkout_id: str, status: int = 200) -> str:
    body = {**JOB, "storage": {"shaman_checkout_id": checkout_id}}
    return (await call(edge, "POST", "jobs", body, status)).get("id", "")


async def deleted(edge, job: str) -> None:
    await call(edge, "DELETE", f"jobs/{job}?files=true", status=204)

    async def gone() -> bool:
        return (await edge.http.get(f"/api/v3/jobs/{job}")).status_code == 404

    await until(gone)


@pytest.fixture
async def victims(edge):
    """A job with a checkout, and the file in it."""
    await send(edge, SCENE)
    assert (await checkout(edge, "victim/x", spec(SCENE))).json()["checkoutPath"] == "victim/x"
    job = await submitted(edge, "victim/x")
    return job, edge.storage / "shared" / "jobs" / "victim" / "x" / "x"


@pytest.mark.parametrize("named", ["victim/x", "victim", "Victim/x", "VICTIM/X", "victim/x "])
async def test_no_name_of_a_checkout_deletes_that_of_another_job(edge, victims, named):
    job, file = victims
    await deleted(edge, await submitted(edge, named))
    assert file.read_bytes() == SCENE
    await deleted(edge, job)
    assert not file.parent.parent.exists()


@pytest.mark.parametrize(
    "alias", ["victim/x/", "./victim/x", "victim//x", "victim/./x", "victim/x/.", "victim/"]
)
@pytest.mark.parametrize("path", ["jobs", "jobs/check", "jobs/dry-run"])
async def test_a_checkout_has_one_name_only(edge, path, alias):
    body = {**JOB, "storage": {"shaman_checkout_id": alias}}
    error = await call(edge, "POST", path, body, 400)
    assert repr(PurePosixPath(alias).as_posix()) in error["message"]


@pytest.mark.parametrize("named", ["..", "../jobs", "/", ".", "a/../victim", "no\0name", "a\nb"])
async def test_what_can_be_no_checkout_is_refused(edge, victims, named):
    await submitted(edge, named, status=400)


async def test_a_folder_that_shaman_did_not_make_stays(edge, victims):
    projects = edge.storage / "shared" / "jobs" / "projects"
    projects.mkdir()
    await deleted(edge, await submitted(edge, "projects"))
    assert projects.exists()


async def test_without_shaman_no_folder_of_the_shared_storage_can_be_named(tmp_path):
    config = ManagerConfig(shaman=ShamanConfig(enabled=False))
    async with edge_at(tmp_path, config) as edge:
        projects = edge.storage / "shared" / "projects"
        projects.mkdir()
        job = await submitted(edge, "projects")
        would = await call(edge, "GET", f"jobs/{job}/what-would-delete-do")
        assert would == {"shaman_checkout": False}
        await deleted(edge, job)
        assert projects.exists()
