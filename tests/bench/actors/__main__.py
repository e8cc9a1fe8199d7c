"""Compare the systems: interleaved rounds, each sample a fresh process, medians, ratios.

python -m tests.bench.actors [--rounds 5] [--figures tell,ask] [--systems actors,pykka]
                             [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.actors.figures import FIGURES, SYSTEMS, Figure

Results = dict[str, dict[str, float | None]]
SAMPLE_SECONDS = 60


def sample(system: str, figure: str) -> float | None:
    """One sample; None if the system has no such figure or does not finish."""
    command = [sys.executable, "-m", "tests.bench.actors.sample", system, figure]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SAMPLE_SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as error:
        print(f"{system} {figure} failed: {error.stderr[-2000:]}", file=sys.stderr)
        return None
    return float(value) if (value := json.loads(done.stdout)) is not None else None


def measure(figures: list[str], systems: list[str], rounds: int) -> Results:
    """Medians over the rounds."""
    samples: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for figure in figures:
            for system in systems:
                print(f"round {number + 1}/{rounds}: {figure} {system}   ", end="\r")
                value = sample(system, figure)
                if value is not None:
                    samples.setdefault((figure, system), []).append(value)
    print(" " * 60, end="\r")
    return {
        figure: {
            system: statistics.median(values) if (values := samples.get((figure, system))) else None
            for system in systems
        }
        for figure in figures
    }


def ratio(figure: Figure, ours: float | None, theirs: float | None) -> float | None:
    """The factor by which we are better."""
    if not ours or not theirs:
        return None
    return ours / theirs if figure.rate else theirs / ours


def verdict(figure: Figure, row: dict[str, float | None]) -> str:
    """The promises of this figure, and whether they are kept."""
    ours, said = row.get("actors"), []
    for promise, other in ((figure.times_pykka, "pykka"), (figure.of_loop, "loop")):
        got = ratio(figure, ours, row.get(other))
        if promise is not None and got is not None:
            said.append(f"{'ok' if got >= promise else 'MISSED'}: >= {promise:g} x {other}")
    if figure.at_most is not None and ours is not None:
        kept = "ok" if ours <= figure.at_most else "MISSED"
        said.append(f"{kept}: <= {figure.at_most:g} {figure.unit}")
    return "; ".join(said)


def show(results: Results, systems: list[str]) -> None:
    """Print the table."""
    print(f"{'figure':22}" + "".join(f"{system:>13}" for system in systems), end="")
    others = [system for system in systems if system != "actors"]
    print("".join(f"{'x ' + system:>12}" for system in others), " promise")
    for name, row in results.items():
        figure = FIGURES[name]
        values = (row[system] for system in systems)
        cells = "".join(
            f"{'-' if v is None else format(v, ',.4g' if v < 100 else ',.0f'):>13}" for v in values
        )
        ratios = (ratio(figure, row.get("actors"), row[system]) for system in others)
        cells += "".join(f"{'-' if r is None else format(r, '.3g'):>12}" for r in ratios)
        print(f"{name:22}{cells}  {verdict(figure, row)}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.actors", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--figures", default=",".join(FIGURES))
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--json", type=Path, help="write figure -> system -> value to this file")
    arguments = parser.parse_args()
    figures, systems = arguments.figures.split(","), arguments.systems.split(",")
    results = measure(figures, systems, arguments.rounds)
    show(results, systems)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
