"""Faults for longer than a test may take: ``python -m tests.faults chaos`` or ``flood``."""

import json
import tempfile
from pathlib import Path

import attrs
import trio
from cyclopts import App

from tests.faults.chaos import run_chaos
from tests.faults.flood import flood

app = App(name="tests.faults", help="Faults for longer than a test may take.")


@app.command
def chaos(*, seed: int = 1, seconds: float = 600.0, workers: int = 10) -> None:
    """Let everything happen at random to a farm; prints how often what did."""
    with tempfile.TemporaryDirectory() as folder:

        async def run() -> None:
            seen = await run_chaos(Path(folder), seed=seed, seconds=seconds, workers=workers)
            print(json.dumps({"jobs": len(seen.promised), **seen.happened}))

        trio.run(run)


@app.command(name="flood")
def measure_flood(*, megabytes: float = 1000.0, seconds: float = 60.0) -> None:
    """Let a program flood its output; prints what that cost."""
    with tempfile.TemporaryDirectory() as folder:
        seen = trio.run(flood, Path(folder), megabytes, seconds)
        figures = attrs.asdict(seen, filter=lambda field, _: field.name != "log")
        print(json.dumps({**figures, "log_mib": len(seen.log) / 2**20}))


if __name__ == "__main__":
    app()
