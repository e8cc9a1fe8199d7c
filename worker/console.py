"""Windows: the end of the console or of the login session, as a signal to stop.

Python gets these events, but its handler returns at once, and Windows then ends the process. A
handler that does not return gets some seconds: the event's own thread waits here until the Worker
has left.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

CLOSE, LOGOFF, SHUTDOWN = 2, 5, 6
"""Numbers of the events (wincon.h). Ctrl-C and Ctrl-Break are Python's SIGINT and SIGBREAK."""
GRACE_SECONDS = 4.5
"""Seconds to leave in, since Windows ends the process 5 s after a close."""


@attrs.frozen
class EndOfConsole:
    """Handler for events of the console, called in a thread that Windows starts."""

    stop: Callable[[], None]
    """Function that asks the Worker to stop, from any thread."""
    has_left: threading.Event

    def __call__(self, event: int) -> bool:
        """Handle an event; returns True if it was one of ours."""
        if event not in (CLOSE, LOGOFF, SHUTDOWN):
            return False
        self.stop()
        self.has_left.wait(GRACE_SECONDS)
        return True


@contextmanager
def stopped_by_console(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the end of the console, which then waits until the block is left."""
    if sys.platform == "win32":
        import ctypes

        has_left = threading.Event()
        handler = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(EndOfConsole(stop, has_left))
        ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, 1)
        try:
            yield
        finally:
            has_left.set()
            ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, 0)
    else:
        yield
