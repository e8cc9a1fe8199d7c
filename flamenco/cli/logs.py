"""Logging of the command line's programs: one line an event, on stderr."""

import logging


def start_logging(*, verbose: bool = False, quiet: bool = False) -> None:
    """Log to stderr from ``info`` on; only warnings, or from ``debug`` on for our own parts."""
    form = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    logging.basicConfig(
        level=logging.WARNING if quiet else logging.INFO, format=form, datefmt="%Y-%m-%d %H:%M:%S"
    )
    for noisy in ("httpx", "httpcore", "hypercorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if verbose:
        for ours in ("flamenco", "web", "worker", "actors"):
            logging.getLogger(ours).setLevel(logging.DEBUG)
