"""A Manager whose disk is full refuses what it can't store, and goes on when there is space."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio

from tests.e2e.running import FLAMENCO, READY, get, wait_for
from tests.e2e.test_kill import ALL_DONE_SECONDS, check_done_once
from tests.load.worker import LoadWorker, Tally
from tests.patience import PATIENCE, until
from tests.programs import need

pytestmark = pytest.mark.slow

DISK_MIB = 64
WORKERS = 5
TASKS = 100
FULL_SECONDS = 5.0


class OnSmallDisk:
    """A Manager whose storage is a small disk, which only it sees by its own path."""

    def __init__(self, folder: Path) -> None:
        need("unshare")
        disk, self.log = folder / "disk", folder / "manager.log"
        disk.mkdir()
        mount = f'mount -t tmpfs -o size={DISK_MIB}m tmpfs {disk} && exec "$@"'
        rights = ["-m"] if os.geteuid() == 0 else ["-rm"]
        manager = [*FLAMENCO, "manager", "--storage", str(disk), "--listen", "127.0.0.1:0"]
        manager.append("--no-discoverable")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [shutil.which("unshare"), *rights, "sh", "-c", mount, "sh", *manager],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        line = self.process.stdout.readline()
        assert line.startswith(READY), self.log.read_text()
        self.url = line.removeprefix(READY).strip()
        self.storage = Path(f"/proc/{self.process.pid}/root{disk}")
        self._disk = os.open(self.storage, os.O_RDONLY)  # while it is open, the disk is there

    def fill(self) -> None:
        """Leave no byte of the disk."""
        with (self.storage / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(65536))
            except OSError:
                pass

    def make_room(self) -> None:
        (self.storage / "filler").unlink()

    def end(self, copy: Path) -> int:
        """Stop it, and keep a copy of its database in a folder; its exit status."""
        self.process.terminate()
        try:
            status = self.process.wait(PATIENCE)
            for file in Path(f"/proc/self/fd/{self._disk}").glob("flamenco-manager.sqlite*"):
                shutil.copy(file, copy)
            return status
        finally:
            self.process.kill()
            self.process.stdout.close()
            os.close(self._disk)


async def submit(client: httpx.AsyncClient, url: str) -> httpx.Response:
    settings = {"message": "hi", "sleep_duration_seconds": 0, "sleep_repeats": TASKS - 1}
    body = {
        "name": "job",
        "type": "echo-sleep-test",
        "submitter_platform": sys.platform,
        "settings": settings,
    }
    return await client.post(f"{url}api/v3/jobs", json=body)


async def fill_under_work(manager: OnSmallDisk, tally: Tally) -> list[str]:
    """Returns the ids of the jobs that were promised to be done."""
    promised: list[str] = []
    async with trio.open_nursery() as nursery, httpx.AsyncClient(timeout=PATIENCE) as client:

        async def answers(status: int) -> bool:
            answer = await submit(client, manager.url)
            if answer.status_code == httpx.codes.OK:
                promised.append(answer.json()["id"])
            else:
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
                assert "stored" in answer.json()["message"]
            return answer.status_code == status

        for number in range(WORKERS):
            worker = LoadWorker(manager.url, f"load{number}", tally, seconds=0.05)
            await worker.register(client)
            nursery.start_soon(worker.live)
        for _ in range(3):
            assert await answers(httpx.codes.OK)
        await trio.to_thread.run_sync(wait_for, lambda: tally.completed.total() > TASKS // 2)
        manager.fill()
        while not await answers(httpx.codes.SERVICE_UNAVAILABLE):
            pass
        await trio.sleep(FULL_SECONDS)
        assert not await answers(httpx.codes.OK)
        listed = await client.get(f"{manager.url}api/v3/jobs")
        assert set(promised) <= {job["id"] for job in listed.json()["jobs"]}
        manager.make_room()
        await until(partial(answers, httpx.codes.OK))
        await trio.to_thread.run_sync(wait_for, partial(all_done, manager.url), ALL_DONE_SECONDS)
        nursery.cancel_scope.cancel()
    return promised


def all_done(url: str) -> bool:
    jobs = get(f"{url}api/v3/jobs").json()["jobs"]
    return {job["status"] for job in jobs} == {"completed"}


def test_a_disk_that_is_full_for_a_while_loses_nothing_and_repeats_nothing(tmp_path):
    manager, tally = OnSmallDisk(tmp_path), Tally()
    try:
        promised = trio.run(fill_under_work, manager, tally)
    finally:
        status = manager.end(tmp_path)
    assert status == 0, manager.log.read_text()[-3000:]
    check_done_once(tmp_path, promised, tally, TASKS)
