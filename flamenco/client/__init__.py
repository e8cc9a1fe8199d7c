"""The typed client of the Manager's HTTP API.

`open_client` is for Trio, `open_sync_client` for blocking programs; both have the same operations.
"""

from flamenco.client.errors import (
    BadRequest,
    Busy,
    Conflict,
    ManagerError,
    MissingFiles,
    NotAllowed,
    NotFound,
    NothingMatches,
    NotKnown,
    Outdated,
    Rejected,
    SentElsewhere,
    Unreachable,
    WrongFile,
)
from flamenco.client.events import Resync, Topics
from flamenco.client.manager import ManagerClient, SyncClient, open_client, open_sync_client

__all__ = [
    "BadRequest",
    "Busy",
    "Conflict",
    "ManagerClient",
    "ManagerError",
    "MissingFiles",
    "NotAllowed",
    "NotFound",
    "NotKnown",
    "NothingMatches",
    "Outdated",
    "Rejected",
    "Resync",
    "SentElsewhere",
    "SyncClient",
    "Topics",
    "Unreachable",
    "WrongFile",
    "open_client",
    "open_sync_client",
]
