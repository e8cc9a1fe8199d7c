"""Records of submissions: their keys for a day, and the packs that were handed out for them.

A pack is recorded as a checkout with a key: the submitter fills it, not Shaman. The key of the
submission that Shaman made a checkout for is in a column of its own.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco.store.tables import to_sql


@attrs.frozen
class Remembered:
    """A submission with a key, and the job that came of it."""

    digest: str
    """Hash of all that was submitted."""
    job_id: str


@attrs.frozen
class RememberSubmission:
    """A job was submitted with a key."""

    key: str
    digest: str
    job_id: str
    created: datetime


@attrs.frozen
class ForgetSubmissions:
    """Forget keys that are older than this moment."""

    moment: datetime


@attrs.frozen
class PutPack:
    """A folder was handed out to the submission with this key."""

    path: str
    key: str
    created: datetime


@attrs.frozen
class BindCheckout:
    """Shaman made a checkout for the submission with this key."""

    path: str
    key: str
    created: datetime


@attrs.frozen
class GiveUpFiles:
    """No job comes for the pack and the checkouts of a submission."""

    key: str


def submission_of(db: sqlite3.Connection, key: str) -> Remembered | None:
    """Job that was submitted with a key."""
    row = db.execute("SELECT digest, job_id FROM submissions WHERE key = ?", (key,)).fetchone()
    return Remembered(*row) if row else None


def has_submissions_before(db: sqlite3.Connection, moment: datetime) -> bool:
    """True if keys are older than this moment."""
    query = "SELECT 1 FROM submissions WHERE created < ? LIMIT 1"
    return db.execute(query, (to_sql(moment),)).fetchone() is not None


def pack_of(db: sqlite3.Connection, key: str) -> str | None:
    """The path of the pack that was handed out for a key."""
    row = db.execute("SELECT path FROM checkouts WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else None


def is_given_up(db: sqlite3.Connection, key: str) -> bool:
    """True if files of the submission with a key are being removed."""
    query = "SELECT 1 FROM checkouts WHERE (key = ? OR submission = ?) AND created = ''"
    return db.execute(query, (key, key)).fetchone() is not None


def is_pack(db: sqlite3.Connection, path: str) -> bool:
    """True if a checkout is a pack."""
    query = "SELECT 1 FROM checkouts WHERE path = ? AND key IS NOT NULL"
    return db.execute(query, (path,)).fetchone() is not None


def files_without_job(db: sqlite3.Connection, moment: datetime) -> list[tuple[str, bool]]:
    """The paths of packs and checkouts of submissions that were made before this moment or given
    up, and that no job uses; whether each is a pack."""
    query = (
        "SELECT path, key IS NOT NULL FROM checkouts WHERE created < ? "
        "AND path NOT IN (SELECT shaman_checkout_id FROM jobs WHERE shaman_checkout_id IS NOT NULL)"
    )
    found = db.execute(query, (to_sql(moment),))
    return [(str(path), bool(is_pack)) for path, is_pack in found]


def _remember(connection: sqlite3.Connection, change: RememberSubmission) -> None:
    connection.execute(
        "INSERT INTO submissions (key, digest, job_id, created) VALUES (?, ?, ?, ?)",
        (change.key, change.digest, change.job_id, to_sql(change.created)),
    )


def _forget(connection: sqlite3.Connection, change: ForgetSubmissions) -> None:
    connection.execute("DELETE FROM submissions WHERE created < ?", (to_sql(change.moment),))


def _put_pack(connection: sqlite3.Connection, change: PutPack) -> None:
    connection.execute(
        "INSERT INTO checkouts (path, key, created) VALUES (?, ?, ?)",
        (change.path, change.key, to_sql(change.created)),
    )


def _bind_checkout(connection: sqlite3.Connection, change: BindCheckout) -> None:
    connection.execute(
        "UPDATE checkouts SET submission = ?, created = ? WHERE path = ?",
        (change.key, to_sql(change.created), change.path),
    )


def _give_up_files(connection: sqlite3.Connection, change: GiveUpFiles) -> None:
    connection.execute(
        "UPDATE checkouts SET created = '' WHERE key = ? OR submission = ?",
        (change.key, change.key),
    )


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    RememberSubmission: _remember,
    ForgetSubmissions: _forget,
    PutPack: _put_pack,
    BindCheckout: _bind_checkout,
    GiveUpFiles: _give_up_files,
}
