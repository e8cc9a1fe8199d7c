# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-in by a code that a person confirms in the browser (RFC 8628)."""

import platform
import time
from dataclasses import dataclass, field
from threading import Event
from urllib.parse import urljoin

from .client import Client
from .errors import (
    Aborted,
    ManagerRefused,
    ManagerUnreachable,
    NotReady,
    UnexpectedAnswer,
)

INTERVAL = 5.0
"""Seconds between questions, if the Manager does not say; and by which it may slow them down."""

_UNKNOWN_OPERATION = frozenset({404, 405})
_NOT_NEEDED = 409
_WAITING, _TOO_SOON = "authorization_pending", "slow_down"
_ENDS = {
    "access_denied": "The sign-in was refused in the browser",
    "expired_token": 'The code has expired. Press "Sign In" again',
}


@dataclass(frozen=True)
class Code:
    """A code that the Manager has given out."""

    device: str = field(repr=False)
    """Secret of this Blender, by which it asks for its token."""
    user: str
    """The code that the person sees in Blender and in the browser."""
    page: str
    """Address at which it is confirmed."""
    seconds: float
    """Time until it expires."""
    interval: float
    """Seconds between questions for the token."""


def begin(client: Client) -> Code:
    """Ask for a code. Raises FlamencoError."""
    try:
        told = client.begin_sign_in(f"Blender on {platform.node() or 'a computer'}")
    except ManagerRefused as ex:
        if ex.status == _NOT_NEEDED:
            raise NotReady(f"No sign-in is needed: {ex.message}") from ex
        if ex.status in _UNKNOWN_OPERATION:
            raise NotReady(
                "This Manager lets nobody in from Blender; enter an API token, if it has users"
            ) from ex
        raise
    try:
        page = urljoin(
            client.url, told.get("verification_uri_complete") or told["verification_uri"]
        )
        if not page.startswith(("http://", "https://")):
            raise ValueError(page)
        return Code(
            str(told["device_code"]),
            str(told["user_code"]),
            page,
            float(told["expires_in"]),
            float(told.get("interval", INTERVAL)),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as ex:
        raise UnexpectedAnswer(client.url, "it has no code to sign in with") from ex


def token(client: Client, code: Code, ended: Event) -> str:
    """Wait for the person; returns the token. Raises FlamencoError; Aborted if that has ended."""
    interval, until = code.interval, time.monotonic() + code.seconds
    while not ended.wait(interval):
        if time.monotonic() > until:
            raise NotReady(_ENDS["expired_token"])
        try:
            found = client.end_sign_in(code.device).get("token")
        except ManagerUnreachable:
            continue
        except ManagerRefused as ex:
            if ex.error in _ENDS:
                raise NotReady(_ENDS[ex.error]) from ex
            if ex.error not in {_WAITING, _TOO_SOON}:
                raise
            interval += INTERVAL if ex.error == _TOO_SOON else 0
            continue
        if not found:
            raise UnexpectedAnswer(client.url, "it has no token")
        return str(found)
    raise Aborted("Sign-in aborted")
