"""Damaged files of a Worker's home: set aside under another name, so that the Worker goes on."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

log = logging.getLogger(__name__)


def set_aside(path: Path, why: object, *companions: str) -> Path:
    """The new path of a file that is given a free name, and of its companions ``path`` + suffix.

    Raises OSError.
    """
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    for suffix in companions:
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    log.error("%s is damaged and was set aside as %s: %s", path, aside.name, why)
    return aside


def salvaged(path: Path, query: str) -> list[tuple[int, bytes]]:
    """The readable rows of a damaged database: those before the damage, and those behind it.

    The ``query`` selects a key and a text, both also of rows that hold something else.
    """
    found: dict[int, bytes] = {}
    with closing(sqlite3.connect(path)) as connection:
        for order in ("ASC", "DESC"):
            found.update(_until_the_damage(connection, f"{query} ORDER BY 1 {order}"))
    return sorted(found.items())


def _until_the_damage(connection: sqlite3.Connection, query: str) -> Iterator[tuple[int, bytes]]:
    with suppress(sqlite3.DatabaseError):
        yield from connection.execute(query)
