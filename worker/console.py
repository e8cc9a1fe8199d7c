"""Windows: a console that is closed, and a session that ends, as a signal to stop.

Python hears of these events, but its handler returns at once, and Windows then ends the process.
Who does not return gets some seconds: the event's own thread waits here until the Worker has left.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

CLOSE, LOGOFF, SHUTDOWN = 2, 5, 6
"""Numbers of the events (wincon.h). Ctrl-C and Ctrl-Break are Python's SIGINT and SIGBREAK."""
GRACE_SECONDS = 4.5
"""Windows ends the process 5 s after a close."""


@attrs.frozen
class EndOfConsole:
    """What happens on an event of the console, in a thread that Windows starts for it."""

    stop: Callable[[], None]
    """Asks the Worker to stop; may be called from any thread."""
    has_left: threading.Event

    def __call__(self, event: int) -> bool:
        """Whether the event was dealt with."""
        if event not in (CLOSE, LOGOFF, SHUTDOWN):
            return False
        self.stop()
        self.has_left.wait(GRACE_SECONDS)
        return True


@contextmanager
def stopped_by_console(stop: Callable[[], None]) -> Iterator[None]:
    """The end of the console calls ``stop``, and waits until the block is left."""
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
