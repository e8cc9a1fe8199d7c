"""The `flamenco` command."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C is taken in silence also while everything is imported."""
    try:
        from flamenco.cli.app import run

        status = run()
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)
