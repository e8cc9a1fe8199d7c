"""The logs of tasks, as files in the Manager's local storage (reference rules §10)."""

from flamenco.logs.files import TaskLogs, job_folder, once, tail_of

__all__ = ["TaskLogs", "job_folder", "once", "tail_of"]
