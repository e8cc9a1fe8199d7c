"""Flamenco, a render farm: the parts that Manager, Worker and tools share."""

from importlib.metadata import version

__version__ = version("flamenco")
