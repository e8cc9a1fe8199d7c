"""The operator, among all who reach the Manager: who sits at its machine, or has its token.

In the mode `open` everybody may do what artists and wranglers do. Paths, addresses and secrets are
the operator's: with them the farm, or the Manager's machine, could be taken over. In the mode
`users` operators are those who have that role.
"""

import hmac

from quart import request

from flamenco.model.access import AuthMode, Permission
from web.askers import asker
from web.context import services
from web.room import is_here

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
"""Headers of proxies: behind one, every client seems to be at this machine."""

HOW = (
    "the operator asks from the Manager's own machine, or with the token that the Manager tells in "
    "its log when it starts, as Authorization: Bearer TOKEN"
)


class OperatorNeeded(Exception):
    """A request that only the operator may make; the text says how."""


def is_operator() -> bool:
    """True if the request that is being served is the operator's."""
    if services().config.auth.mode is AuthMode.USERS:
        return Permission.SETTINGS in asker().held
    given = request.authorization
    if given is not None and given.type == "bearer" and given.token:
        token = services().file.token
        if hmac.compare_digest(given.token.encode(), token.encode()):
            return True
    return is_here(request.remote_addr or "") and not is_forwarded()


def is_forwarded() -> bool:
    """True if the request that is being served comes from a proxy, so from anywhere."""
    return any(name in request.headers for name in FORWARDED)


def demand_operator(what: str) -> None:
    """Raises `OperatorNeeded` with ``what`` is refused, unless the operator asks."""
    if not is_operator():
        raise OperatorNeeded(f"{what}; {HOW}")


def demand_operator_if_open(what: str) -> None:
    """The same in an open farm; else who has the operation's permission may ask for it."""
    if services().config.auth.mode is AuthMode.OPEN:
        demand_operator(what)
