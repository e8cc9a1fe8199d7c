"""Niceness of programs, as the scheduler of each system counts it.

Linux shares a desktop's processors first among sessions, then among the processes of each
(``autogroup`` in sched(7)): nice values are compared within a session only, and each program of
`flamenco.launcher` is in one of its own. So the session gets the same value.
"""

import os
import sys
import time
from pathlib import Path

import psutil

_TRIES = 30
_PAUSE = 0.1
"""Seconds within which the kernel takes one change from all ordinary users."""
_PRIORITY = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 0)
"""Priority class that stands for niceness on Windows."""


def set_niceness(pid: int, niceness: int) -> None:
    """Let other programs go before one that `flamenco.launcher.open_child` has started.

    On Windows, any value is *below normal*. Raises OSError or `psutil.Error` if the system refuses.
    """
    if sys.platform == "win32":
        psutil.Process(pid).nice(_PRIORITY)
        return
    os.setpriority(os.PRIO_PROCESS, pid, niceness)
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        _write(group, niceness)


def _write(group: Path, niceness: int) -> None:
    for left in reversed(range(_TRIES)):
        try:
            group.write_text(str(niceness))
            return
        except BlockingIOError:
            if not left:
                raise
            time.sleep(_PAUSE)
