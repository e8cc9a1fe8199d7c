"""A farm of Flamenco 3 changes over with the commands of the guide, and renders on."""

from contextlib import ExitStack

import httpx
import pytest
import trio

import flamenco
from tests.changeover import old_farm
from tests.changeover.old_farm import ANNA, BERT, JOBS, NEVER, SECRET
from tests.e2e.running import get, job_status, run, running_manager, running_worker
from tests.patience import PATIENCE, until
from tests.web.flamenco3 import Flamenco3Worker

pytestmark = pytest.mark.slow


def requeue(url: str, job: str) -> None:
    change = {"status": "requeueing", "reason": "go on"}
    answer = httpx.post(f"{url}api/v3/jobs/{job}/setstatus", json=change, timeout=PATIENCE)
    assert answer.status_code == 204


def workers(url: str) -> dict[str, dict]:
    """The farm's workers by their ids."""
    return {each["id"]: each for each in get(f"{url}api/v3/worker-mgt/workers").json()["workers"]}


async def test_old_workers_and_new_ones_in_their_place_finish_what_was_begun(tmp_path):
    written = old_farm.write(tmp_path / "old")
    written.db.close()
    before = old_farm.fingerprint(written.folder)
    storage = tmp_path / "new"
    for _ in range(2):
        brought = run("import", written.folder, "--storage", storage)
        assert brought.returncode == 0, brought.stderr
    assert old_farm.fingerprint(written.folder) == before

    home = tmp_path / "bert"
    home.mkdir()
    credentials = home / "flamenco-worker-credentials.yaml"
    credentials.write_text(f"worker_id: {BERT}\nworker_secret: {SECRET}\n")

    with ExitStack() as farm:
        url = farm.enter_context(running_manager(storage))
        assert get(f"{url}api/v3/version").json()["name"] == "Old Farm"
        farm.enter_context(running_worker(url, home, "bert"))
        async with trio.open_nursery() as nursery:
            anna = Flamenco3Worker(
                url.rstrip("/"), "anna", secret=SECRET, worker_id=ANNA, can_restart=True
            )
            nursery.start_soon(anna.run)
            for job in ("failed", "paused"):
                requeue(url, JOBS[job])

            async def finished() -> bool:
                statuses = {job_status(url, job) for job in JOBS.values()}
                return (
                    statuses == {"completed"}
                    and workers(url)[BERT]["version"] == flamenco.__version__
                )

            await until(finished)
            nursery.cancel_scope.cancel()
        assert set(workers(url)) == {ANNA, BERT, NEVER}
