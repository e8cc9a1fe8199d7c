"""The logs of tasks, as files in the Manager's local storage (reference rules §10)."""

from flamenco.logs.files import TaskLogs, job_folder, once, tail_of
from flamenco.logs.packed import open_log, size_of
from flamenco.logs.searching import Place, search

__all__ = [
    "Place",
    "TaskLogs",
    "job_folder",
    "once",
    "open_log",
    "search",
    "size_of",
    "tail_of",
]
