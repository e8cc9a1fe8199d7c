"""What Shaman refuses, and why."""

from flamenco.errors import Mendable


class ShamanError(Mendable):
    """Shaman can't do what it was asked; the text says why."""


class ShamanOff(ShamanError):
    """Shaman is switched off on this Manager."""


class BadPath(ShamanError):
    """A path, checksum or size that no checkout can have."""


class MissingFiles(ShamanError):
    """A checkout names files that were not sent yet."""


class NoFreePath(ShamanError):
    """Neither the path of a checkout nor any of the tries with a suffix was free."""


class StorageFailed(ShamanError):
    """The shared storage can't be read or written, because it is full for example."""
