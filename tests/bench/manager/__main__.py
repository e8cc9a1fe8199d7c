"""Measure a Manager: each figure in a fresh process, on a store on disk.

python -m tests.bench.manager [--only FIGURE,...] [--folder DIR] [--json FILE]
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.manager.figures import FIGURES

SAMPLE_SECONDS = 600
RATIOS = {
    "A cycle, durable twice over, costs {:.2f} plain commits of SQLite.": (
        "sqlite_commits_per_s",
        "cycles_per_s_in_process",
    ),
    "A cycle over sessions takes {:.2f} times as long as one without syncing the logs.": (
        "cycles_per_s_unsynced",
        "cycles_per_s_sessions",
    ),
}
"""Sentences about how many times larger one figure is than another."""


def sample(name: str, folder: Path | None) -> float | None:
    """One figure; None if it could not be measured."""
    command = [sys.executable, "-m", "tests.bench.manager.sample", name]
    environment = {**os.environ, **({"FLAMENCO_BENCH_FOLDER": str(folder)} if folder else {})}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SAMPLE_SECONDS,
            check=True,
            env=environment,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(f"{name} failed: {str(error.stderr)[-2000:]}", file=sys.stderr)
        return None
    return float(json.loads(done.stdout.splitlines()[-1]))


def line(name: str, value: float | None) -> str:
    """A figure beside its goal."""
    figure = FIGURES[name]
    if value is None:
        return f"{name:26}{'failed':>10}"
    met = {True: "ok", False: "MISSED", None: ""}[figure.met(value)]
    sign = ">=" if figure.rate else "<="
    goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
    return f"{name:26}{value:10.2f}  {goal:9} {met:7} {figure.unit}"


def main() -> int:
    """Measure and tell; 1 if a figure could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.manager")
    parser.add_argument("--only", default=",".join(FIGURES), help="names, separated by commas")
    parser.add_argument("--folder", type=Path, help="where the stores go; default: the system's")
    parser.add_argument("--json", type=Path, help="write figure -> system -> value to this file")
    arguments = parser.parse_args()
    results: dict[str, dict[str, float | None]] = {}
    for name in arguments.only.split(","):
        results[name] = {"flamenco": sample(name, arguments.folder)}
        print(line(name, results[name]["flamenco"]), flush=True)
    measured = {name: value for name, each in results.items() if (value := each["flamenco"])}
    for sentence, (dividend, divisor) in RATIOS.items():
        if dividend in measured and divisor in measured:
            print(sentence.format(measured[dividend] / measured[divisor]))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if None in [each["flamenco"] for each in results.values()] else 0


if __name__ == "__main__":
    sys.exit(main())
