"""Messages of the actors that keep the Manager's connections to services outside."""

import attrs

import actors
from flamenco.model.connections import Connection


@attrs.frozen
class Reconfigured:
    """The configuration has changed."""


@attrs.frozen
class GetConnection(actors.Request[Connection]):
    """Request for how the connection is."""
