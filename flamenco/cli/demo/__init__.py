"""`flamenco demo`: a whole farm on this machine that renders a job."""

from flamenco.cli.demo.command import demo

__all__ = ["demo"]
