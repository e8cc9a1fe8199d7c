"""`flamenco demo`: a whole farm on this machine, and a job that it renders."""

from flamenco.cli.demo.command import demo

__all__ = ["demo"]
