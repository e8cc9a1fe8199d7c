"""Tasks that change all the time, by Workers of Flamenco 3 played in a process of its own."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized

import httpx

from tests.e2e.running import submit
from tests.patience import PATIENCE

WORKERS = 10
PER_SECOND = 200
SETTINGS = {"frames": "1-1000", "fps": 24.0, "render_output_path": "/farm/######"}


@contextmanager
def updates(url: str, seconds: float) -> Iterator[tuple[str, "Synchronized[int]"]]:
    """A job whose tasks change 200 times a second, and how often they did."""
    job = submit(url, name="Busy", type="test-frames", settings=SETTINGS)
    context = multiprocessing.get_context("spawn")
    told = context.Value("i", 0)
    process = context.Process(target=_tell, args=(url, told), daemon=True)
    process.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while told.value == 0:
            assert time.monotonic() < deadline, "no task changed"
            time.sleep(0.1)
        yield job, told
    finally:
        process.terminate()
        process.join()


def _tell(url: str, told: "Synchronized[int]") -> None:
    workers = [_awake(url, f"worker-{number}") for number in range(WORKERS)]
    tasks = [http.post("task").json()["uuid"] for http in workers]
    begun = time.monotonic()
    while True:
        number = told.value
        http, task = workers[number % WORKERS], tasks[number % WORKERS]
        http.post(f"task/{task}", json={"activity": f"sample {number}"}).raise_for_status()
        told.value += 1
        time.sleep(max(0.0, begun + number / PER_SECOND - time.monotonic()))


def _awake(url: str, name: str) -> httpx.Client:
    types = ["misc", "ffmpeg", "file-management", "blender"]
    worker = {"name": name, "platform": "linux", "supported_task_types": types}
    http = httpx.Client(base_url=f"{url}api/v3/worker/", timeout=PATIENCE)
    answer = http.post("register-worker", json={**worker, "secret": "secret"})
    http.auth = (answer.json()["uuid"], "secret")
    http.post("sign-on", json={**worker, "software_version": "3"}).raise_for_status()
    http.post("state-changed", json={"status": "awake"}).raise_for_status()
    return http
