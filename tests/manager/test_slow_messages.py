"""A Manager that logs more tells which messages took long."""

import logging

import pytest

from flamenco.manager import farm
from flamenco.manager.jobs.messages import SetJobPriority
from tests.manager.conftest import stage_at


@pytest.mark.parametrize(("level", "told"), [(logging.DEBUG, True), (logging.INFO, False)])
async def test_slow_messages_are_told_if_more_is_logged(tmp_path, caplog, monkeypatch, level, told):
    caplog.set_level(level, "flamenco.manager")
    monkeypatch.setattr(farm, "SLOW_SECONDS", 0.0)
    async with stage_at(tmp_path) as stage:
        job = await stage.shaped("misc")
        await stage.ask(job, SetJobPriority(7))
    line = f"/jobs/{job.id} took 0.00 s for SetJobPriority"
    assert (line in caplog.text) is told
