"""What the end of the tests tells of a wrong change."""

from collections.abc import Generator
from enum import StrEnum
from typing import Any

import pytest


class Fate(StrEnum):
    """What became of a wrong change."""

    FOUND = "found out by a test"
    SIMULATED = "found out by a simulated day"
    ENDED = "found out, as it ended the tests"
    SURVIVED = "survived"
    EXCUSED = "not tried, as there is a reason"


class NothingTried(Exception):
    """Pytest ran no test: an error of this tool, whatever the change."""


class Finding:
    """A plugin that keeps which test failed, and whether a file of tests could not be imported."""

    def __init__(self) -> None:
        self.failed: str | None = None
        self.is_broken = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.is_broken |= report.failed

    def fate(self, status: int) -> Fate:
        """What an exit status of pytest tells of a change. Raises NothingTried."""
        if self.is_broken or status == pytest.ExitCode.TESTS_FAILED:
            return Fate.FOUND
        if status == pytest.ExitCode.OK:
            return Fate.SURVIVED
        if status in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
            raise NothingTried(pytest.ExitCode(status).name)
        return Fate.ENDED

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report = yield
        if report.failed:
            self.failed = item.nodeid
        return report
