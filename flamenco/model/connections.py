"""Connections: the Manager's lasting ways to services outside, and how they are."""

from datetime import datetime
from enum import StrEnum

import attrs


class ConnectionState(StrEnum):
    """States of a connection."""

    OFF = "off"
    """The configuration wants none."""
    CONNECTING = "connecting"
    CONNECTED = "connected"
    BROKEN = "broken"
    """It is tried again, unless the configuration is wrong."""


@attrs.frozen(kw_only=True)
class Connection:
    """A connection as it is now."""

    state: ConnectionState = ConnectionState.OFF
    to: str = ""
    """Address of the service."""
    since: datetime
    reason: str = ""
    """Why it is broken, or what the service refuses."""
    sent: int = 0
    """Number of messages that have arrived since the configuration was last changed."""
    lost: int = 0
    """Number of messages that had to make room meanwhile."""

    def turned(self, state: ConnectionState, reason: str, at: datetime) -> "Connection":
        """The connection, in this state since then; the same one if nothing has changed."""
        if (state, reason) == (self.state, self.reason):
            return self
        return attrs.evolve(self, state=state, reason=reason, since=at)
