"""Notices, and how far they were read: how they are kept, and read."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco.model.notices import MOST_NOTICES, Notice
from flamenco.store.lists import in_utc
from flamenco.store.tables import Rows, Table

NOTICES = Table("notices", Notice)

MOST_BROWSERS = 1000
"""Maximum number of browsers of which it is known how far they have read, the last ones."""


@attrs.frozen
class PutNotice:
    notice: Notice


@attrs.frozen
class PutReadMark:
    """A browser's person has read the notices up to a time."""

    browser: str
    until: datetime


def _put(connection: sqlite3.Connection, change: PutNotice) -> None:
    connection.execute(NOTICES.put(), NOTICES.row(change.notice))
    connection.execute(
        "DELETE FROM notices WHERE number <= (SELECT max(number) FROM notices) - ?",
        (MOST_NOTICES,),
    )


def _mark(connection: sqlite3.Connection, change: PutReadMark) -> None:
    until = in_utc(change.until)
    connection.execute(
        "INSERT INTO notice_marks (browser, until, number) "
        "SELECT ?, ?, ifnull(max(number), 0) FROM notices WHERE at <= ? ON CONFLICT (browser) "
        "DO UPDATE SET until = excluded.until, number = max(number, excluded.number)",
        (change.browser, until, until),
    )
    connection.execute(
        "DELETE FROM notice_marks WHERE browser NOT IN "
        "(SELECT browser FROM notice_marks ORDER BY until DESC LIMIT ?)",
        (MOST_BROWSERS,),
    )


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    PutNotice: _put,
    PutReadMark: _mark,
}


@attrs.frozen
class KnownNotices:
    """Notices, the newest first."""

    notices: Rows[Notice]
    unread: int
    """Number of all that a browser's person has not read, which are the newest."""


def notices_for(connection: sqlite3.Connection, browser: str, limit: int) -> KnownNotices:
    """The newest notices, and how many of them are unread in a browser."""
    (unread,) = connection.execute(
        "SELECT count(*) FROM notices WHERE number > "
        "ifnull((SELECT number FROM notice_marks WHERE browser = ?), 0)",
        (browser,),
    ).fetchone()
    return KnownNotices(NOTICES.read(connection, "ORDER BY number DESC LIMIT ?", (limit,)), unread)
