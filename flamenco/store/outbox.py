"""Subscriptions, and the notices on their way there: how they are kept, and read."""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs

from flamenco.model.deliveries import Delivery, DeliveryState
from flamenco.model.notices import Notice
from flamenco.model.pictures import Picture
from flamenco.model.subscriptions import Channel, Subscription, Wishes
from flamenco.store.errors import UnreadableRow
from flamenco.store.notices import NOTICES
from flamenco.store.tables import PICTURES, Rows, Table

SUBSCRIPTIONS = Table(
    "subscriptions",
    Subscription,
    structured=frozenset({"wishes"}),
    stand_in={"channel": Channel.WEBHOOK, "wishes": Wishes()},
)
DELIVERIES = Table(
    "deliveries",
    Delivery,
    structured=frozenset({"notices"}),
    stand_in={"state": DeliveryState.GIVEN_UP},
    says_why="reason",
)

MOST_LOGGED = 2000
"""Maximum number of deliveries that are remembered after their end, the newest."""


@attrs.frozen
class PutSubscription:
    subscription: Subscription


@attrs.frozen
class DeleteSubscription:
    """Forget a subscription, and its deliveries."""

    subscription_id: str


@attrs.frozen
class PutDelivery:
    delivery: Delivery


@attrs.frozen
class Passed:
    """Notices were passed on to the subscriptions, up to this number."""

    number: int


@attrs.frozen
class KeepPushKey:
    """The key by which push services know this Manager is made."""

    key: str = attrs.field(repr=False)


def _put_subscription(connection: sqlite3.Connection, change: PutSubscription) -> None:
    connection.execute(SUBSCRIPTIONS.put(), SUBSCRIPTIONS.row(change.subscription))


def _delete_subscription(connection: sqlite3.Connection, change: DeleteSubscription) -> None:
    connection.execute("DELETE FROM subscriptions WHERE id = ?", (change.subscription_id,))


def _put_delivery(connection: sqlite3.Connection, change: PutDelivery) -> None:
    connection.execute(DELIVERIES.put(), DELIVERIES.row(change.delivery))
    if change.delivery.ended is not None:
        connection.execute(
            "DELETE FROM deliveries WHERE state != 'waiting' AND number <= "
            "(SELECT max(number) FROM deliveries) - ?",
            (MOST_LOGGED,),
        )


def _passed(connection: sqlite3.Connection, change: Passed) -> None:
    connection.execute("UPDATE outbox SET number = ?", (change.number,))


def _keep_push_key(connection: sqlite3.Connection, change: KeepPushKey) -> None:
    connection.execute("INSERT INTO push_key VALUES (1, ?)", (change.key,))


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    PutSubscription: _put_subscription,
    DeleteSubscription: _delete_subscription,
    PutDelivery: _put_delivery,
    Passed: _passed,
    KeepPushKey: _keep_push_key,
}


@attrs.frozen
class NoticeToPass:
    """A notice that was not passed on yet, with what counts of the job that it is about."""

    number: int
    notice: Notice
    owner: str
    tag: str


def notices_to_pass(db: sqlite3.Connection, after: int, limit: int) -> list[NoticeToPass]:
    """The next notices behind the one with a number; none that can't be read."""
    columns = ", ".join(f"notices.{name}" for name in NOTICES.columns)
    rows = db.execute(
        f"SELECT notices.number, ifnull(owner_id, ''), ifnull(worker_tag, ''), {columns} "  # noqa: S608
        "FROM notices LEFT JOIN jobs ON jobs.id = notices.job_id "
        "WHERE notices.number > ? ORDER BY notices.number LIMIT ?",
        (after, limit),
    ).fetchall()
    found = []
    for number, owner, tag, *row in rows:
        with suppress(UnreadableRow):
            found.append(NoticeToPass(number, NOTICES.item(row), owner, tag))
    return found


def passed(db: sqlite3.Connection) -> int:
    """Number of the last notice that was passed on."""
    (number,) = db.execute("SELECT number FROM outbox").fetchone()
    return int(number)


def push_key(db: sqlite3.Connection) -> str:
    """The key by which push services know this Manager; empty if there is none yet."""
    found = db.execute("SELECT key FROM push_key").fetchone()
    return str(found[0]) if found else ""


def all_subscriptions(db: sqlite3.Connection) -> Rows[Subscription]:
    """The subscriptions of the farm, and of users that are not disabled, by their names."""
    return SUBSCRIPTIONS.read(
        db,
        "WHERE user_id = '' OR user_id IN (SELECT id FROM users WHERE NOT disabled) "
        "ORDER BY name, id",
    )


def waiting_deliveries(db: sqlite3.Connection) -> Rows[Delivery]:
    """The deliveries that have not ended, in the order in which they were made."""
    return DELIVERIES.read(db, "WHERE state = 'waiting' ORDER BY number")


def delivery_with(db: sqlite3.Connection, delivery_id: str) -> Delivery | None:
    """The delivery with this id. Raises `UnreadableRow`."""
    return DELIVERIES.one(db, "WHERE id = ?", (delivery_id,))


def deliveries_of(
    db: sqlite3.Connection, subscriptions: Collection[str], limit: int
) -> Sequence[Delivery]:
    """The newest deliveries of some subscriptions, the newest first."""
    marks = ", ".join("?" * len(subscriptions))
    rest = f"WHERE subscription_id IN ({marks}) ORDER BY number DESC LIMIT ?"
    return DELIVERIES.read(db, rest, (*subscriptions, limit))


def newest_picture_of(db: sqlite3.Connection, job_id: str) -> Picture | None:
    """The newest picture of a job. Raises `UnreadableRow`."""
    return PICTURES.one(db, "WHERE job_id = ? AND large > 0 ORDER BY made DESC", (job_id,))
