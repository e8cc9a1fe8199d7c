"""The `flamenco` command."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C ends it silently, even while modules are being imported."""
    try:
        from flamenco.cli.app import run

        status = run()
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)
