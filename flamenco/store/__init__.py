"""What is on disk: SQLite's schema, changes in groups, and read queries.

The rest of the farm sees `Store` alone: it loads snapshots and commits changes, and `Reader`
answers queries beside it.
"""

from flamenco.store.changes import InsertJob, PutJob, PutTask, PutWorker, RememberRendered
from flamenco.store.database import NewerDatabase, Store, StoreError, open_store
from flamenco.store.queries import Reader, open_reader
from flamenco.store.snapshots import JobSnapshot, job_key, worker_key

__all__ = [
    "InsertJob",
    "JobSnapshot",
    "NewerDatabase",
    "PutJob",
    "PutTask",
    "PutWorker",
    "Reader",
    "RememberRendered",
    "Store",
    "StoreError",
    "job_key",
    "open_reader",
    "open_store",
    "worker_key",
]
