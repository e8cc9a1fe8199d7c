"""Fixtures of the Worker's tests."""

import pytest

from flamenco.config.worker import WorkerConfig
from tests.worker.fake_manager import open_manager


@pytest.fixture(autouse=True)
def programs_asked(monkeypatch):
    """None: most tests need not wait for Blender to tell its version."""
    monkeypatch.setattr("worker.main.PROBES", ())
    monkeypatch.setattr("worker.main.CHECKS", {})


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    """Let the Worker try again soon after an error."""
    monkeypatch.setattr("worker.session.backoff", lambda *_: 0.02)


@pytest.fixture
async def manager():
    """A Manager at the test's command, on a real socket."""
    async with open_manager() as manager:
        yield manager


@pytest.fixture
def config(manager, tmp_path):
    return WorkerConfig(
        name="render-01",
        manager_url=manager.url,
        home=tmp_path / "home",
        restart_exit_code=43,
    )
