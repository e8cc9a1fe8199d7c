"""One sample in a process of its own: `python -m tests.bench.actors.sample SYSTEM FIGURE`."""

from __future__ import annotations

import json
import logging
import os
import sys
from importlib import import_module

from tests.bench.actors.figures import FIGURES


def main(system: str, figure: str, size: str = "") -> None:
    """Measure and print; pinned to one core, where Pykka is at its best."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    logging.disable(logging.CRITICAL)  # crashes are provoked by the thousand
    measure = import_module(f"tests.bench.actors.on_{system}").measure
    print(json.dumps(measure(figure, int(size) if size else FIGURES[figure].size(system))))
    sys.stdout.flush()
    os._exit(0)  # ten thousand threads need not be joined


if __name__ == "__main__":
    main(*sys.argv[1:])
