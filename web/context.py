"""What a request handler reaches: the farm, the door for workers, the application."""

from typing import TYPE_CHECKING, cast

from quart import current_app

if TYPE_CHECKING:
    from flamenco.manager.farm import Farm
    from flamenco.manager.services import Services
    from flamenco.store import Reader
    from web.auth import WorkerDoor
    from web.chronicle import Chronicle
    from web.operations import Operation
    from web.server import Web
    from web.sockets import Sockets


def farm() -> "Farm":
    """The farm that this application serves."""
    return cast("Web", current_app).farm


def services() -> "Services":
    """The farm's services."""
    return farm().services


def reader() -> "Reader":
    """The read side of the store."""
    return farm().services.reader


def door() -> "WorkerDoor":
    """Where workers show their credentials."""
    return cast("Web", current_app).door


def operations() -> "tuple[Operation, ...]":
    """The operations of this application, in the order of their document."""
    return cast("Web", current_app).operations


def sockets() -> "Sockets":
    """The open WebSockets of this application."""
    return cast("Web", current_app).sockets


def chronicle() -> "Chronicle":
    """What happened on the farm lately, for all who follow it live."""
    return cast("Web", current_app).chronicle
