"""Loads of workers' machines: how they are kept, and read."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco.model.load import KEPT, NEW, LoadSample
from flamenco.store.lists import in_utc
from flamenco.store.tables import Rows, Table

LOADS = Table("loads", LoadSample, structured=frozenset({"gpus"}), key=("worker_id", "at"))

FORGOTTEN_AT_ONCE = 10_000
"""Maximum number of samples that are deleted by one transaction."""


@attrs.frozen
class PutLoad:
    sample: LoadSample


@attrs.frozen
class ForgetLoads:
    """Forget samples that are too old, or later than now, as the clock was put back since."""

    now: datetime


def _put(connection: sqlite3.Connection, change: PutLoad) -> None:
    connection.execute(LOADS.put(key=", ".join(LOADS.key)), LOADS.row(change.sample))


def _forget(connection: sqlite3.Connection, change: ForgetLoads) -> None:
    connection.execute(
        "DELETE FROM loads WHERE (worker_id, at) IN "
        "(SELECT worker_id, at FROM loads WHERE at < ? OR at > ? LIMIT ?)",
        (in_utc(change.now - KEPT), in_utc(change.now), FORGOTTEN_AT_ONCE),
    )


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    PutLoad: _put,
    ForgetLoads: _forget,
}


def loads_of(connection: sqlite3.Connection, worker_id: str, now: datetime) -> Rows[LoadSample]:
    """The samples of a worker's last day, the oldest first."""
    rest = "WHERE worker_id = ? AND at >= ? AND at <= ? ORDER BY at"
    return LOADS.read(connection, rest, (worker_id, in_utc(now - KEPT), in_utc(now)))


def newest_loads(
    connection: sqlite3.Connection, worker_ids: Iterable[str], now: datetime
) -> Mapping[str, LoadSample]:
    """Present load of the workers' machines, of those that tell; {worker id: sample}."""
    rest = "WHERE worker_id IN (SELECT value FROM json_each(?)) AND at >= ? AND at <= ? ORDER BY at"
    values = (json.dumps([*worker_ids]), in_utc(now - NEW), in_utc(now))
    return {each.worker_id: each for each in LOADS.read(connection, rest, values)}
