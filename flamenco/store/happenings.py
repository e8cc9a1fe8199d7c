"""The history of jobs: how it is kept, and read."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco.model.happenings import MOST_HAPPENINGS, TOGETHER_SECONDS, Happening
from flamenco.store.tables import Rows, Table

HAPPENINGS = Table("happenings", Happening, key=("job_id", "at"), says_why="detail")

_SAME = ("kind", "what", "detail", "author")


@attrs.frozen
class PutHappening:
    """An entry in the history of a job, if that still exists."""

    happening: Happening


def _put(connection: sqlite3.Connection, change: PutHappening) -> None:
    entry = change.happening
    row = connection.execute(
        f"SELECT number, at, {', '.join(_SAME)} FROM happenings "  # noqa: S608
        "WHERE job_id = ? ORDER BY number DESC LIMIT 1",
        (entry.job_id,),
    ).fetchone()
    number, at, *told = row or (0, "")
    if told == [getattr(entry, name) for name in _SAME] and _is_soon_after(at, entry.at):
        connection.execute(
            "UPDATE happenings SET count = count + 1 WHERE job_id = ? AND number = ?",
            (entry.job_id, number),
        )
        return
    columns = ", ".join(("number", *HAPPENINGS.columns))
    places = ", ".join("?" * (1 + len(HAPPENINGS.columns)))
    connection.execute(
        f"INSERT INTO happenings ({columns}) SELECT {places} "  # noqa: S608
        "WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?)",
        (number + 1, *HAPPENINGS.row(entry), entry.job_id),
    )
    connection.execute(
        "DELETE FROM happenings WHERE job_id = ? AND number <= ?",
        (entry.job_id, number + 1 - MOST_HAPPENINGS),
    )


def _is_soon_after(at: str, moment: datetime) -> bool:
    try:
        return abs((moment - datetime.fromisoformat(at)).total_seconds()) <= TOGETHER_SECONDS
    except (TypeError, ValueError):
        return False


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {PutHappening: _put}


def history_of(connection: sqlite3.Connection, job_id: str) -> Rows[Happening]:
    """The history of a job, the newest entry first."""
    return HAPPENINGS.read(connection, "WHERE job_id = ? ORDER BY number DESC", (job_id,))
