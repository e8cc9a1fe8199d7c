"""The `flamenco` command on a machine whose clock is ahead by the seconds that stand in a file.

python -m tests.faults.corrected FILE COMMAND ...

It replaces what the one clock of the farm asks. libfaketime would lie to the whole process, and
makes `time.sleep` of Python 3.11 fail.
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flamenco import clock
from flamenco.cli import main

MODULE = "tests.faults.corrected"


def correct_by(file: Path) -> None:
    """From now on the farm's clock is ahead by what the file says."""
    module: Any = clock
    module.time = SimpleNamespace(time=lambda: time.time() + float(file.read_text() or 0))


if __name__ == "__main__":
    correct_by(Path(sys.argv.pop(1)))
    sys.exit(main())
