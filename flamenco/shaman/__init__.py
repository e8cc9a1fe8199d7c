"""Shaman: files that are sent once, kept by their content, and linked into the jobs' checkouts.

In the shared storage, `file-store/stored` has the files and `jobs` the checkouts (reference
rules §12). Many clients of one Manager may use everything here at the same time.
"""

from flamenco.shaman.checkouts import Checkouts
from flamenco.shaman.errors import (
    BadPath,
    MissingFiles,
    NoFreePath,
    ShamanError,
    ShamanOff,
    StorageFailed,
)
from flamenco.shaman.files import CheckoutFile, FileKey, checkout_path
from flamenco.shaman.folders import Tree
from flamenco.shaman.garbage import Collected
from flamenco.shaman.records import Records, erase
from flamenco.shaman.service import Received, Shaman
from flamenco.shaman.using import using

__all__ = [
    "BadPath",
    "CheckoutFile",
    "Checkouts",
    "Collected",
    "FileKey",
    "MissingFiles",
    "NoFreePath",
    "Received",
    "Records",
    "Shaman",
    "ShamanError",
    "ShamanOff",
    "StorageFailed",
    "Tree",
    "checkout_path",
    "erase",
    "using",
]
