"""The schema, as the list of changes that lead to it. A landed one is never edited.

The number of those applied is SQLite's `user_version`.
"""

from collections.abc import Callable

from sqlite_utils import Database


def _first(db: Database) -> None:
    db.table("jobs").create(
        {
            "id": str,
            "name": str,
            "type": str,
            "priority": int,
            "status": str,
            "activity": str,
            "settings": str,
            "metadata": str,
            "worker_tag": str,
            "shaman_checkout_id": str,
            "steps_completed": int,
            "steps_total": int,
            "created": str,
            "updated": str,
            "delete_requested_at": str,
        },
        pk="id",
    )
    db.table("jobs").create_index(["status"])
    db.table("tasks").create(
        {
            "id": str,
            "job_id": str,
            "idx": int,
            "name": str,
            "type": str,
            "priority": int,
            "depends_on": str,
            "status": str,
            "activity": str,
            "steps_completed": int,
            "steps_total": int,
            "worker_id": str,
            "lease": int,
            "last_seq": int,
            "log_size": int,
            "failed_by": str,
            "created": str,
            "updated": str,
            "last_touched": str,
            "commands": str,
        },
        pk="id",
        foreign_keys=[("job_id", "jobs", "id")],
    )
    db.table("tasks").create_index(["job_id", "idx"])
    db.table("tasks").create_index(["worker_id"])
    db.table("workers").create(
        {
            "id": str,
            "name": str,
            "secret_hash": str,
            "address": str,
            "platform": str,
            "software": str,
            "task_types": str,
            "tags": str,
            "status": str,
            "request": str,
            "can_restart": int,
            "created": str,
            "updated": str,
            "last_seen": str,
            "deleted_at": str,
        },
        pk="id",
    )
    db.table("last_rendered").create({"id": int, "job_id": str}, pk="id")


MIGRATIONS: tuple[Callable[[Database], None], ...] = (_first,)
