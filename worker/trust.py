"""Steps of a Worker that a Manager did not let in: whom it still trusts, and with what.

A Worker whose secret both ends have proven once has no reason to send it to anybody. Who asks for
it, or does not know the Worker, may be a stranger: one that was found in the network is left alone,
and where a person has set the address, the Worker registers as a new one with a new secret.
"""

from enum import Enum

from flamenco import protocol
from worker.connection import REFUSED, WITHOUT_SESSIONS

UNKNOWN = frozenset({protocol.NOT_KNOWN, protocol.NO_PROOF})
"""Codes of a Manager that does not know the worker, or another secret of it."""


class Step(Enum):
    """The next step."""

    AGAIN = "try again"
    BASIC = "send the secret by HTTP Basic"
    POLL = "ask over HTTP, with HTTP Basic"
    REGISTER = "register as a new worker"
    STAY_OUT = "have nothing to do with this Manager"


def step_after(code: int, *, basic: bool, proven: bool, found: bool) -> Step:
    """The step after a session that ended with a code, of HTTP or of a closed WebSocket.

    ``basic``: it began with HTTP Basic, else with proofs; ``proven``: the secret was proven once;
    ``found``: the Manager was found in the network.
    """
    is_unknown = code in UNKNOWN or (basic and code in REFUSED)
    wants_secret = code in REFUSED or code == protocol.NO_KEY or code in WITHOUT_SESSIONS
    if not is_unknown and not wants_secret:
        return Step.AGAIN
    if proven and not found and code in WITHOUT_SESSIONS:
        return Step.AGAIN  # a proxy may say so while the Manager restarts
    if proven:
        return Step.STAY_OUT if found else Step.REGISTER
    if is_unknown:
        return Step.REGISTER
    return Step.POLL if code in WITHOUT_SESSIONS else Step.BASIC
