"""The reason why a job failed, for people: its first failed task, and the end of that one's log."""

from flamenco.cli.reaching import first_failed, reached
from flamenco.cli.showing import complain
from flamenco.client import SyncClient

LINES = 20
"""Number of lines of the log that are printed."""


def tell_failure(client: SyncClient, job: str) -> None:
    """Print on stderr which task of a job failed first, why, and the end of its log."""
    failed = first_failed(client, job)
    if failed is None:
        return
    complain(f"task {failed.name}: {client.task(failed.id).activity}")
    for line in client.task_log_tail(failed.id).splitlines()[-LINES:]:
        complain(f"  {line}")


def tell_failure_of(manager: str, job: str) -> None:
    """The same, of a job of the Manager at a URL. Blocks."""
    with reached(manager) as client:
        tell_failure(client, job)
