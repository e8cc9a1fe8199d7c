"""Change the code wrongly, one change at a time, and print the share that no test notices.

uv run --group mutants python -m tests.mutants [--files PATTERN ...] [--sample N] [--seed N]
"""

import os
import sys
import time
from collections import Counter
from contextlib import suppress
from random import Random
from typing import Annotated

from cyclopts import App, Parameter

from tests.mutants.changes import Mutant, Place, places
from tests.mutants.children import import_libraries
from tests.mutants.finding import Fate
from tests.mutants.left import reason_for
from tests.mutants.reach import reach_of
from tests.mutants.scope import ROOT, files
from tests.mutants.trying import Trial

app = App(name="tests.mutants", help="Print the share of wrong changes that no test notices.")
Files = Annotated[tuple[str, ...], Parameter(name="--files", consume_multiple=True, negative="")]

TARGET = 0.05
"""Share of survivors at which the command fails."""


@app.default
def main(*, wanted: Files = (), sample: int = 0, seed: int = 1, days: int = 3) -> int:
    """Try wrong changes, in memory only; returns 1 if too many survive.

    Parameters
    ----------
    wanted:
        Patterns of files, such as `flamenco/model/*.py`; all if there are none.
    sample:
        Number of changes to try; 0: all.
    seed:
        Number by which the sample is drawn.
    days:
        Number of days on the simulated farm that a change has to survive, after the tests.
    """
    os.chdir(ROOT)
    os.environ["CI"] = "true"  # Hypothesis tries the same examples each time
    import_libraries()
    chosen = files(wanted)
    found = [place for file in chosen for place in places(file, (ROOT / file).read_text())]
    if sample:
        found = Random(seed).sample(found, min(sample, len(found)))
    tests = dict.fromkeys(test for file in chosen for test in chosen[file])
    began = time.perf_counter()
    trial = Trial(reach_of([*chosen], [*tests]), days)
    trial.check_days()
    print(
        f"{len(found)} changes, {time.perf_counter() - began:.0f} s for the tests as such",
        flush=True,
    )
    return report(try_all(found, trial))


def try_all(found: list[Place], trial: Trial) -> Counter[tuple[str, Fate]]:
    """Try them until Ctrl-C, and tell of each that survives; the numbers of {(file, fate)}."""
    fates: Counter[tuple[str, Fate]] = Counter()
    with suppress(KeyboardInterrupt):
        for place in found:
            mutant = place.mutant()
            reason = reason_for(mutant.name)
            fate = Fate.EXCUSED if reason else trial.fate(mutant)
            fates[mutant.file, fate] += 1
            if fate in (Fate.SURVIVED, Fate.SIMULATED):
                tell(fate, mutant)
    return fates


def tell(fate: Fate, mutant: Mutant) -> None:
    where = f"{mutant.file}:{mutant.line} {mutant.where}"
    print(f"{fate}: {where}: {mutant.change}", flush=True)


def report(fates: Counter[tuple[str, Fate]]) -> int:
    """Print the numbers; returns 1 if too many survived."""
    print(f"{'file':40}", *(f"{fate.name.lower():>10}" for fate in Fate))
    for file in sorted({file for file, _ in fates}):
        print(f"{file:40}", *(f"{fates[file, fate]:10}" for fate in Fate))
    sums = {fate: sum(n for (_, each), n in fates.items() if each is fate) for fate in Fate}
    counted = sum(sums.values()) - sums[Fate.EXCUSED]
    share = sums[Fate.SURVIVED] / counted if counted else 0.0
    print(f"{'all':40}", *(f"{sums[fate]:10}" for fate in Fate))
    print(
        f"{share:.1%} of {counted} wrong changes survived, {sums[Fate.ENDED]} ended the tests; "
        f"{sums[Fate.EXCUSED]} more have a reason"
    )
    return int(share >= TARGET)


if __name__ == "__main__":
    sys.exit(app())
