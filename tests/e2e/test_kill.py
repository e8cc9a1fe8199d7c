"""A Manager that is killed again and again loses nothing, and has nothing done twice."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio

from tests.e2e.running import FLAMENCO, READY, wait_for
from tests.load.worker import LoadWorker, Tally
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

KILLS = 50
WORKERS = 10
TASKS = 100
"""Of each job; a new one is submitted after each start of the Manager."""
ALL_DONE_SECONDS = 600


class Doomed:
    """A Manager that is started and killed."""

    def __init__(self, storage: Path) -> None:
        self.storage = storage
        self.port = 0
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        listen = f"127.0.0.1:{self.port}"
        command = [
            *FLAMENCO,
            "manager",
            "--storage",
            str(self.storage),
            "--listen",
            listen,
            "--no-discoverable",
        ]
        with (self.storage / "manager.log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        assert line.startswith(READY), (self.storage / "manager.log").read_text()[-5000:]
        self.url = line.removeprefix(READY).strip()
        self.port = httpx.URL(self.url).port

    def end(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)
        self.process.wait(PATIENCE)
        self.process.stdout.close()


async def submit(client: httpx.AsyncClient, url: str, promised: list[str]) -> None:
    """Submit a job, and note its id if the Manager says that it has it."""
    settings = {"message": "hi", "sleep_duration_seconds": 0, "sleep_repeats": TASKS - 1}
    body = {
        "name": "job",
        "type": "echo-sleep-test",
        "submitter_platform": sys.platform,
        "settings": settings,
    }
    try:
        answer = await client.post(f"{url}api/v3/jobs", json=body)
    except httpx.TransportError:
        return
    if answer.status_code == httpx.codes.OK:
        promised.append(answer.json()["id"])


async def kill_again_and_again(manager: Doomed, tally: Tally) -> list[str]:
    """Returns the ids of the jobs that were promised to be done."""
    promised: list[str] = []
    async with trio.open_nursery() as nursery, httpx.AsyncClient(timeout=PATIENCE) as client:
        for number in range(WORKERS):
            worker = LoadWorker(manager.url, f"load{number}", tally, seconds=0.02)
            await worker.register(client)
            nursery.start_soon(worker.live)
        for _ in range(KILLS):
            nursery.start_soon(submit, client, manager.url, promised)
            await trio.sleep(0.1 + random.random() * 1.2)
            await trio.to_thread.run_sync(manager.end, signal.SIGKILL)
            await trio.to_thread.run_sync(manager.start)
        all_are_done = partial(all_done, manager.storage)
        await trio.to_thread.run_sync(wait_for, all_are_done, ALL_DONE_SECONDS)
        nursery.cancel_scope.cancel()
    return promised


def ask(storage: Path, query: str, *values: object) -> list[tuple]:
    path = storage / "flamenco-manager.sqlite"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def all_done(storage: Path) -> bool:
    return ask(storage, "SELECT id FROM jobs WHERE status != 'completed'") == []


@pytest.mark.minutes
def test_fifty_kills_lose_nothing_and_repeat_nothing(tmp_path):
    manager, tally = Doomed(tmp_path), Tally()
    manager.start()
    try:
        promised = trio.run(kill_again_and_again, manager, tally)
    finally:
        manager.end(signal.SIGTERM)
    assert manager.process.returncode == 0
    check_done_once(tmp_path, promised, tally, TASKS)


def check_done_once(storage: Path, promised: list[str], tally: Tally, tasks: int) -> None:
    """Check that every promised job exists, and that its tasks were completed once each."""
    known = {row[0] for row in ask(storage, "SELECT id FROM jobs")}
    assert promised
    assert set(promised) <= known
    statuses = ask(storage, "SELECT status, count(*) FROM tasks GROUP BY status")
    assert statuses == [("completed", tasks * len(known))]
    done = "SELECT task_id FROM attempts WHERE ending = 'completed'"
    assert ask(storage, f"{done} GROUP BY task_id HAVING count(*) > 1") == []
    assert len(ask(storage, done)) == tasks * len(known)
    acknowledged = [task for (task, _), times in tally.completed.items() for _ in range(times)]
    assert len(acknowledged) == len(set(acknowledged))
    assert set(acknowledged) <= {row[0] for row in ask(storage, done)}
    assert len(acknowledged) > tasks
