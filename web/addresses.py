"""Addresses of a person's own, for programs that show no token, such as Flamenco 3's add-on.

A token that may only submit stands in front of the API's path: `/as/TOKEN/api/v3/jobs`.
"""

import re

from flamenco.model.access import Scope as TokenScope
from web.serving import Scope

SECRET = "secret_in_path"  # noqa: S105 - where it is, not what
PATH_SCOPES = frozenset({TokenScope.READ, TokenScope.SUBMIT})
"""Scopes of tokens that may stand in a path, which others may come to see."""

_ADDRESS = re.compile(r"/as/([\w-]{1,200})(/api/v3/.*)", re.ASCII)


def below(scope: Scope) -> Scope:
    """A request to such an address as one to the path below it, which shows the secret alone."""
    found = _ADDRESS.fullmatch(scope["path"]) if scope.get("type", "http") == "http" else None
    if found is None:
        return scope
    shown = (b"authorization", b"cookie")
    headers = [each for each in scope["headers"] if each[0].lower() not in shown]
    moved = {**scope, "path": found[2], "headers": headers, SECRET: found[1]}
    if "raw_path" in scope:
        moved["raw_path"] = scope["raw_path"].removeprefix(f"/as/{found[1]}".encode())
    return moved
