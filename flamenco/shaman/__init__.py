"""Shaman: a file is sent once, kept by its content, and linked into the checkouts of jobs.

Below the shared storage, `file-store/stored` has the files and `jobs` the checkouts (reference
rules §12). Everything here is safe to be called by many clients at once, for one Manager.
"""

from flamenco.shaman.errors import (
    BadPath,
    MissingFiles,
    NoFreePath,
    ShamanError,
    ShamanOff,
    StorageFailed,
)
from flamenco.shaman.files import CheckoutFile, FileKey
from flamenco.shaman.garbage import Collected
from flamenco.shaman.service import Received, Shaman
from flamenco.shaman.store import remove_empty

__all__ = [
    "BadPath",
    "CheckoutFile",
    "Collected",
    "FileKey",
    "MissingFiles",
    "NoFreePath",
    "Received",
    "Shaman",
    "ShamanError",
    "ShamanOff",
    "StorageFailed",
    "remove_empty",
]
