"""Previews of rendered frames: three sizes of a job's newest one (reference rules §9)."""

from flamenco.pictures.previews import SIZES, NotAnImage, Previews

__all__ = ["SIZES", "NotAnImage", "Previews"]
