"""A Manager that writes down how long each ready task took to its worker's socket.

``python -m tests.bench.manager.timed STORAGE [unsynced]`` works for jobs of the type `chain`, in
which the completion of a task makes the next one ready. ``unsynced``: logs are not synced to disk.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import trio

import web.sessions
from flamenco import protocol
from flamenco.cli.manager import run_manager
from flamenco.config.installation import Installation
from flamenco.logs import TaskLogs
from flamenco.model.statuses import TaskStatus
from flamenco.store import PutTask, Store

LATENCIES = "latencies.txt"
UNSYNCED = "unsynced"

CHAIN = '''
"""Tasks of which each waits for the one before."""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(
    label="Chain",
    settings=[
        Setting("length", "int32", required=True),
        Setting("task_type", "string", required=True),
    ],
)


def compile_job(job: JobToCompile, author: Author) -> None:
    last = None
    for number in range(job.settings["length"]):
        after = [last] if last is not None else []
        last = author.task(f"link-{number}", job.settings["task_type"], after=after)
        last.command("echo", {"message": "hi"})
'''

_ready: dict[str, float] = {}
_commit = Store.commit


async def commit(self: Store, changes: Sequence[object]) -> None:
    """Commit, and note when jobs had a task completed."""
    await _commit(self, changes)
    now = time.perf_counter()
    for change in changes:
        if isinstance(change, PutTask) and change.task.status is TaskStatus.COMPLETED:
            _ready[change.task.job_id] = now


def timed_send(path: Path) -> object:
    """Sends a session's message as `web.sessions` does, and writes the time to a file."""
    untimed = web.sessions._send

    async def send(message: protocol.Message) -> None:
        await untimed(message)
        if isinstance(message, protocol.Assign) and message.job_id in _ready:
            took = time.perf_counter() - _ready.pop(message.job_id)
            with path.open("a") as file:
                file.write(f"{json.dumps(took)}\n")

    return send


def main() -> None:
    storage = Path(sys.argv[1])
    Store.commit = commit  # type: ignore[method-assign]
    web.sessions._send = timed_send(storage / LATENCIES)  # type: ignore[assignment]
    if UNSYNCED in sys.argv[2:]:
        TaskLogs.sync = lambda *_: None  # type: ignore[method-assign]
    file = storage / "flamenco-manager.yaml"
    listen = "127.0.0.1:0"
    installation = Installation(file=file, storage=storage, listen=listen, discoverable=False)
    trio.run(run_manager, installation)


if __name__ == "__main__":
    main()
