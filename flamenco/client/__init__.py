"""The typed client of the Manager's HTTP API."""

from flamenco.client.manager import ManagerClient, ManagerError, Rejected, Unreachable, open_client

__all__ = ["ManagerClient", "ManagerError", "Rejected", "Unreachable", "open_client"]
