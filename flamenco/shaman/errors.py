"""Errors of Shaman."""

from flamenco.errors import Mendable


class ShamanError(Mendable):
    """A request that Shaman can't fulfil; the text says why."""


class ShamanOff(ShamanError):
    """Shaman is switched off on this Manager."""


class BadPath(ShamanError):
    """A path, checksum or size that no checkout can have."""


class MissingFiles(ShamanError):
    """A checkout names files that have not been sent yet."""


class NoFreePath(ShamanError):
    """Neither the path of a checkout nor any variant with a suffix was free."""


class StorageFailed(ShamanError):
    """The shared storage can't be read or written, for example because it is full."""
