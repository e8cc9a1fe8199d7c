"""A command: ``python -m web.matrix`` writes who may do what into the page about security.

It is made from the tables by which the Manager decides.
"""

from collections.abc import Iterator
from pathlib import Path

from flamenco.model.access import (
    OF_ANYBODY,
    OF_WORKERS,
    PERMISSION_OF,
    PERMISSIONS_OF,
    Permission,
    Role,
    Scope,
    of_token,
)
from web.server import OPERATIONS

FILE = Path(__file__).parents[1] / "docs" / "security.md"
BEGIN, END = "<!-- begin: python -m web.matrix -->\n", "<!-- end -->\n"
HELD = {
    "nobody": OF_ANYBODY,
    "Worker": OF_WORKERS,
    **{role.value: PERMISSIONS_OF[role] for role in Role},
}


def matrix() -> str:
    """The table of permissions: who has each, which scope of a token, and what asks for it."""
    lines = [
        f"| permission | {' | '.join(HELD)} | token's scope | operations |",
        f"|---|{'---|' * len(HELD)}---|---|",
    ]
    return "\n".join([*lines, *map(_row, Permission)]) + "\n"


def _row(permission: Permission) -> str:
    marks = ["yes" if permission in held else "" for held in HELD.values()]
    scopes = [scope for scope in Scope if permission in of_token(Role.OPERATOR, [scope])]
    told = "any" if len(scopes) == len(Scope) else ", ".join(f"`{scope}`" for scope in scopes)
    asking = ", ".join(_asking(permission))
    return f"| {permission} | {' | '.join(marks)} | {told} | {asking} |"


def _asking(permission: Permission) -> Iterator[str]:
    for each in OPERATIONS:
        if PERMISSION_OF[each.id] is permission:
            yield f"`{each.method} {each.path}`"


def written(page: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + matrix() + END + rest.partition(END)[2]


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text("utf-8")), "utf-8")
