"""The one who makes a request, and what that one may do."""

from collections.abc import MutableMapping
from typing import Any, cast

import attrs
from quart import has_request_context, request, websocket

from flamenco.model.access import OF_ANYBODY, Permission, may
from flamenco.model.people import Credential, User

_KEY = "asker"
WORDS = "sign in, or show a valid token: the credentials are missing, wrong or over"
"""Text of every refusal of credentials, which tells nobody what is wrong with them."""


class Unknown(Exception):
    """An asker who has not said who that is, or not proven it."""

    def __init__(self) -> None:
        super().__init__(WORDS)


class Forbidden(Exception):
    """It is known who asks, and that one may not."""


@attrs.frozen
class Asker:
    """The one who asks."""

    held: frozenset[Permission]
    user: User | None = None
    credential: Credential | None = None
    """Credential that the user has shown."""
    worker_id: str = ""
    """Id of the worker that asks."""


NOBODY = Asker(OF_ANYBODY)
EVERYBODY = Asker(frozenset(Permission))
"""Whoever asks while it matters to nobody."""


def note_asker(scope: MutableMapping[str, Any], who: Asker) -> None:
    """Keep who makes the request of this scope."""
    scope[_KEY] = who


def asker(scope: MutableMapping[str, Any] | None = None) -> Asker:
    """The one who makes the request of a scope, or the one that is being served."""
    if scope is None:
        served = (request if has_request_context() else websocket).scope
        scope = cast("MutableMapping[str, Any]", served)
    return cast("Asker", scope.get(_KEY, NOBODY))


def demand(operation: str, who: Asker) -> None:
    """Raises `Unknown`, `Forbidden` unless one may ask for an operation."""
    _refuse_unless(may(who.held, operation), who)


def demand_permission(permission: Permission) -> None:
    """Raises `Unknown`, `Forbidden` unless the request that is served comes with a permission."""
    who = asker()
    _refuse_unless(permission in who.held, who)


def _refuse_unless(allowed: bool, who: Asker) -> None:
    if not allowed:
        raise Unknown if who is NOBODY else Forbidden("your role, or your token, may not do this")
