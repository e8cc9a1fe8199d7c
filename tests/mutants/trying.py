"""Trying a wrong change: the tests that reach it, and then some days on the simulated farm."""

from collections import Counter

import attrs

from tests.mutants.changes import Mutant
from tests.mutants.children import Hasty, import_instead, in_child, run_tests
from tests.mutants.finding import Fate, Finding
from tests.mutants.reach import Reach
from tests.mutants.scope import ROOT, SIMULATED

DAY_SECONDS = 1.0
"""Usual processor seconds for a day on the simulated farm."""
FIRST_SEED = 7_000_000
FEW = 8
"""Number of tests that are tried before the files of all others are imported, too."""


@attrs.define
class Trial:
    """The tests, first those that have found something already, then quick ones."""

    reach: Reach
    days: int
    finds: Counter[str] = attrs.field(factory=Counter)

    def fate(self, mutant: Mutant) -> Fate:
        """Try a wrong change. Raises NothingTried."""
        tests = self.reach.tests(mutant.file, mutant.lines)
        ordered = sorted(tests, key=lambda test: (-self.finds[test], self.reach.seconds[test]))
        path = str(ROOT / mutant.file)

        def with_tests() -> tuple[int, Finding]:
            import_instead(path, mutant.source)
            finding, status = Finding(), 0
            for batch in filter(None, (ordered[:FEW], ordered[FEW:])):
                if status := run_tests(batch, Hasty(), finding):
                    break
            return status, finding

        if tests:
            result = in_child(with_tests, sum(self.reach.seconds[test] for test in tests))
            if result is None:
                return Fate.ENDED
            status, finding = result
            if finding.failed is not None:
                self.finds[finding.failed] += 1
            if (fate := finding.fate(status)) is not Fate.SURVIVED:
                return fate
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
