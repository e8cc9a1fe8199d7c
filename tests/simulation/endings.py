"""Endings that jobs must have, computed without the farm's own rules."""

from collections import Counter

from tests.simulation.ledger import Ledger, Violation
from tests.simulation.people import People


def unfinished(ledger: Ledger) -> list[tuple[str, str]]:
    """Jobs that have not ended, with their status; those to be deleted among them."""
    if not ledger.watching:
        return []
    return ledger.reader.execute(
        "SELECT id, status FROM jobs WHERE status NOT IN ('completed', 'failed', 'canceled') "
        "OR delete_requested_at IS NOT NULL"
    ).fetchall()


def check_jobs(ledger: Ledger, people: People) -> None:
    """Every job is there, complete, and in the status that its tasks and its story call for."""
    statuses = dict(ledger.reader.execute("SELECT id, status FROM jobs").fetchall())
    for job_id, plan in people.submitted.items():
        if job_id in people.deleted:
            if job_id in statuses:
                raise Violation(f"{job_id} was to be deleted and is there")
            continue
        if job_id not in statuses:
            if job_id not in people.meddled:
                raise Violation(f"{job_id} is lost")
            continue
        _check_job(ledger, job_id, statuses[job_id], len(plan), meddled=job_id in people.meddled)


def _check_job(ledger: Ledger, job_id: str, status: str, tasks: int, *, meddled: bool) -> None:
    rows = ledger.reader.execute("SELECT status FROM tasks WHERE job_id = ?", (job_id,)).fetchall()
    counts = Counter(row[0] for row in rows)
    blamed = ledger.reader.execute(
        "SELECT count(*) FROM attempts WHERE job_id = ? AND ending IN ('failed', 'timed-out')",
        (job_id,),
    ).fetchone()[0]
    story = f"{job_id} is {status} with {dict(counts)}, {blamed} failures"
    if counts.total() != tasks:
        raise Violation(f"{story}: {tasks} tasks were submitted")
    if counts["active"]:
        raise Violation(f"{story}: something runs in a job that ended")
    if (status == "completed") is not (counts["completed"] == tasks):
        raise Violation(f"{story}: that does not fit together")
    if not meddled and status != "completed" and not counts["failed"]:
        raise Violation(f"{story}: nobody canceled it")
    if not meddled and not blamed and status != "completed":
        raise Violation(f"{story}: nothing failed")
    if 10 * counts["failed"] >= tasks and status == "completed":
        raise Violation(f"{story}: so many failures fail a job")
