from datetime import UTC, datetime

import pytest

from flamenco.model.jobtypes import JobToCompile


@pytest.fixture
def scripts(tmp_path):
    """A folder of scripts, and a way to put one there."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    return folder


@pytest.fixture
def job():
    """Make a job to compile."""

    def make(type_, name="My Job", **settings):
        created = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        return JobToCompile(id="j1", name=name, type=type_, created=created, settings=settings)

    return make
