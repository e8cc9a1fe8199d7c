"""Logging of the command line's programs: one line per event, on stderr."""

import logging
from typing import Any

from flamenco.cli.texts import visible

FORM = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


RED, PLAIN = "\x1b[31m", "\x1b[0m"


class OneLine(logging.Formatter):
    """A formatter that keeps names and messages from making lines of their own.

    On a terminal, warnings and errors are red.
    """

    def __init__(self, *, coloured: bool = False) -> None:
        super().__init__(FORM, "%Y-%m-%d %H:%M:%S")
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        is_red = self._coloured and record.levelno >= logging.WARNING
        return f"{RED}{line}{PLAIN}" if is_red else line

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return "\n".join(map(visible, super().formatException(ei).split("\n")))


def start_logging(*, verbose: bool = False, quiet: bool = False) -> None:
    """Log to stderr from ``info`` on, or only warnings, or our own parts from ``debug`` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(coloured=handler.stream.isatty()))
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, handlers=[handler])
    for noisy in ("httpx", "httpcore", "hypercorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if verbose:
        for ours in ("flamenco", "web", "worker", "actors"):
            logging.getLogger(ours).setLevel(logging.DEBUG)
