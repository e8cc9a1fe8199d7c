"""Trying a wrong change: the tests that reach it, and then some days on the simulated farm."""

from collections import Counter
from collections.abc import Generator
from enum import StrEnum
from typing import Any

import attrs
import pytest

from tests.mutants.changes import Mutant
from tests.mutants.children import Hasty, import_instead, in_child, run_tests
from tests.mutants.reach import Reach
from tests.mutants.scope import ROOT, SIMULATED

DAY_SECONDS = 1.0
"""Usual processor seconds for a day on the simulated farm."""
FIRST_SEED = 7_000_000
FEW = 8
"""Number of tests that are tried before the files of all others are imported, too."""


class Fate(StrEnum):
    """What became of a wrong change."""

    FOUND = "found out by a test"
    SIMULATED = "found out by a simulated day"
    ENDED = "found out, as it ended the tests"
    SURVIVED = "survived"
    EXCUSED = "not tried, as there is a reason"


class _Finding:
    """A plugin that keeps which test failed."""

    def __init__(self) -> None:
        self.failed: str | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report = yield
        if report.failed:
            self.failed = item.nodeid
        return report


@attrs.define
class Trial:
    """The tests, first those that have found something already, then quick ones."""

    reach: Reach
    days: int
    finds: Counter[str] = attrs.field(factory=Counter)

    def fate(self, mutant: Mutant) -> Fate:
        """Try a wrong change."""
        tests = self.reach.tests(mutant.file, mutant.lines)
        ordered = sorted(tests, key=lambda test: (-self.finds[test], self.reach.seconds[test]))
        path = str(ROOT / mutant.file)

        def with_tests() -> tuple[int, str | None]:
            import_instead(path, mutant.source)
            finding = _Finding()
            for batch in filter(None, (ordered[:FEW], ordered[FEW:])):
                if status := run_tests(batch, Hasty(), finding):
                    return status, finding.failed
            return 0, None

        if tests:
            result = in_child(with_tests, sum(self.reach.seconds[test] for test in tests))
            if result is None:
                return Fate.ENDED
            status, failed = result
            if failed is not None:
                self.finds[failed] += 1
            if status != 0:
                return Fate.FOUND
        if mutant.file.startswith(SIMULATED) and not self._passes_days(mutant):
            return Fate.SIMULATED
        return Fate.SURVIVED

    def check_days(self) -> None:
        """The days have to pass without any wrong change, too."""
        if not self._passes_days(None):
            raise SystemExit("the simulation fails without any wrong change, too")

    def _passes_days(self, mutant: Mutant | None) -> bool:
        def live() -> bool:
            if mutant is not None:
                import_instead(str(ROOT / mutant.file), mutant.source)
            from tests.simulation.world import simulate

            for seed in range(FIRST_SEED, FIRST_SEED + self.days):
                simulate(seed)
            return True

        return self.days == 0 or bool(in_child(live, self.days * DAY_SECONDS))
