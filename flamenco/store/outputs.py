"""Jobs by the place of their output."""

import sqlite3

from flamenco.model.statuses import FINISHED_JOBS
from flamenco.model.warnings import Written
from flamenco.store.tables import as_they_lie

_QUERY = (
    "SELECT name, json_extract(settings, '$.frames') FROM jobs "  # noqa: S608 - marks alone
    f"WHERE status NOT IN ({', '.join('?' * len(FINISHED_JOBS))}) "
    "AND json_valid(settings) AND json_extract(settings, '$.render_output_path') = ?"
)


def unfinished_writers(connection: sqlite3.Connection, output: str) -> list[Written]:
    """The unfinished jobs that write to this path, as their settings have it."""
    rows = as_they_lie(connection, _QUERY, (*FINISHED_JOBS, output))
    return [Written(str(name), str(frames or "")) for name, frames in rows]
