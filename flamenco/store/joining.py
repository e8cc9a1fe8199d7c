"""Join tokens, and workers that wait for approval: how they are kept, and found."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from flamenco.model.joining import JoinToken
from flamenco.store.tables import Rows, Table

JOIN_TOKENS = Table("join_tokens", JoinToken, structured=frozenset({"tags"}))


@attrs.frozen
class PutJoinToken:
    token: JoinToken


@attrs.frozen
class DeleteJoinToken:
    token_id: str


def join_token(db: sqlite3.Connection, token_id: str) -> JoinToken | None:
    """The join token with this id, also if it is over. Raises `UnreadableRow`."""
    return JOIN_TOKENS.one(db, "WHERE id = ?", (token_id,))


def all_join_tokens(db: sqlite3.Connection) -> Rows[JoinToken]:
    """All join tokens, the newest first."""
    return JOIN_TOKENS.read(db, "ORDER BY created DESC, id")


def awaits_approval(db: sqlite3.Connection, worker_id: str) -> bool:
    """True if a worker may not work yet."""
    query = "SELECT 1 FROM workers WHERE id = ? AND awaits_approval"
    return db.execute(query, (worker_id,)).fetchone() is not None


def count_waiting(db: sqlite3.Connection) -> int:
    """Number of workers that wait for approval."""
    query = "SELECT count(*) FROM workers WHERE awaits_approval AND deleted_at IS NULL"
    return int(db.execute(query).fetchone()[0])


def _put(connection: sqlite3.Connection, change: PutJoinToken) -> None:
    connection.execute(JOIN_TOKENS.put(), JOIN_TOKENS.row(change.token))


def _delete(connection: sqlite3.Connection, change: DeleteJoinToken) -> None:
    connection.execute("DELETE FROM join_tokens WHERE id = ?", (change.token_id,))


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    PutJoinToken: _put,
    DeleteJoinToken: _delete,
}
