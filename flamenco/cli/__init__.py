"""The `flamenco` command."""

from flamenco.cli.app import main

__all__ = ["main"]
