"""The Manager looks after its database: damage ends it, a checkpoint that failed is tried again."""

import pytest
import trio

from flamenco.manager import housekeeping
from flamenco.manager.jobs.messages import SetJobPriority, WakeJob
from flamenco.model.workers import WorkerTag
from flamenco.store import DamagedDatabase, PutTag, ahead
from tests.manager.conftest import stage_at
from tests.patience import PATIENCE, until
from tests.store.test_upgrades import overwrite


async def test_damage_that_is_found_beside_the_work_ends_the_manager(tmp_path, caplog):
    async with stage_at(tmp_path) as stage:
        await stage.shaped("misc")
        path = stage.farm.services.paths.database
    overwrite(path, "idx_jobs_status", b"failed", instead_of=b"queued")
    with pytest.RaisesGroup(DamagedDatabase, allow_unwrapped=True, flatten_subgroups=True):
        async with stage_at(tmp_path, database_check_period=0.01):
            await trio.sleep(PATIENCE)
    assert "idx_jobs_status" in caplog.text


async def test_damage_that_a_commit_meets_ends_the_manager(tmp_path):
    async with stage_at(tmp_path) as stage:
        job = await stage.shaped("misc")
    with pytest.RaisesGroup(DamagedDatabase, allow_unwrapped=True, flatten_subgroups=True):
        async with stage_at(tmp_path) as stage:
            actor = await stage.farm.jobs.ask(WakeJob(job.id))
            store = stage.farm.store
            await store._in_thread(store._db.execute, "PRAGMA shrink_memory")
            overwrite(store.path, "jobs", b"\xff" * 100)
            actor.tell(SetJobPriority(7))
            await trio.sleep(PATIENCE)


async def test_a_checkpoint_that_failed_is_made_later(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(ahead, "PAGES", 1)
    monkeypatch.setattr(housekeeping, "CHECKPOINT_AGAIN_SECONDS", 0.01)
    async with stage_at(tmp_path) as stage:
        broken = stage.farm.store.ahead._connection
        broken.set_progress_handler(lambda: 1, 1)
        await stage.farm.store.commit([PutTag(WorkerTag(id="t1", name="compositing"))])
        await until(lambda: "cannot write" in caplog.text)
        path = stage.farm.services.paths.database
        assert b"compositing" not in path.read_bytes()
        broken.set_progress_handler(None, 1)
        await until(lambda: b"compositing" in path.read_bytes())


async def test_a_start_sweeps_away_what_a_killed_manager_left_of_its_configuration(tmp_path):
    async with stage_at(tmp_path) as stage:
        file = stage.farm.services.file.installation.file
    left = file.with_name(f".{file.name}-k2x7_q0a.begun")
    left.write_text("registration_secret: s3cret")
    async with stage_at(tmp_path):
        assert not left.exists()
