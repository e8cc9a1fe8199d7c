"""The `flamenco` command as a person runs it: real processes, real sockets."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import httpx

from flamenco.cli.manager import FIRST_OPERATOR
from tests.manager.conftest import SHAPED
from tests.patience import PATIENCE

FLAMENCO = (sys.executable, "-m", "flamenco")
READY = "Flamenco Manager is ready:"


def run(*arguments: object, seconds=PATIENCE, **options) -> subprocess.CompletedProcess[str]:
    """A `flamenco` command that ends by itself."""
    command = [*FLAMENCO, *map(str, arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=seconds, **options
    )


@contextmanager
def started(*arguments: object, log: Path, **options) -> Iterator[subprocess.Popen[str]]:
    """A `flamenco` command that goes on; it is asked to stop, then killed, at the end."""
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [*FLAMENCO, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            **options,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def running_manager(storage: Path, port: int = 0) -> Iterator[str]:
    """The URL of a Manager of its own, which is at home in its storage."""
    storage.mkdir(parents=True, exist_ok=True)
    storage = storage.absolute()
    options = ("manager", "--storage", storage, "--listen", f"127.0.0.1:{port}")
    log = storage / "manager.log"
    with started(*options, "--no-discoverable", log=log, cwd=storage) as process:
        line = process.stdout.readline()
        assert line.startswith(READY), log.read_text()
        yield line.removeprefix(READY).strip()


@contextmanager
def shaped_manager(storage: Path) -> Iterator[str]:
    """The URL of a Manager with the job type `shaped`."""
    scripts = storage / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "shaped.py").write_text(SHAPED)
    with running_manager(storage) as url:
        yield url


@contextmanager
def users_manager(
    folder: Path, auth: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[str, str]]:
    """The URL of a Manager that asks who one is, and the link of its first operator."""
    options = ("manager", "--storage", folder, "--listen", "127.0.0.1:0", "--no-discoverable")
    keys = {"MODE": "users", **auth}
    env = os.environ | {f"FLAMENCO_MANAGER__AUTH__{key}": keys[key] for key in keys}
    with started(*options, log=folder / "manager.log", cwd=folder, env=env) as process:
        said = iter(process.stdout.readline, "")
        link = next(line for line in said if line.startswith(FIRST_OPERATOR)).split()[-1]
        yield link.partition("#")[0], link


@contextmanager
def running_worker(url: str, home: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """A Worker of that Manager."""
    home.mkdir(parents=True, exist_ok=True)
    options = ("worker", "--manager", url, "--name", name, "--home", home)
    with started(*options, log=home / "worker.log", cwd=home) as process:
        yield process


def wait_for(question: Callable[[], object], seconds: float = PATIENCE) -> object:
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return answer


def get(url: str, **options) -> httpx.Response:
    """The answer of a Manager."""
    return httpx.get(url, timeout=PATIENCE, **options)


def submit(url: str, **job) -> str:
    """Submit a job; its id."""
    body = {"submitter_platform": "linux", **job}
    answer = httpx.post(f"{url}api/v3/jobs", json=body, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def job_status(url: str, job_id: str) -> str:
    return get(f"{url}api/v3/jobs/{job_id}").json()["status"]


def finished_status(url: str, job_id: str, seconds: float = 120.0) -> str:
    """The status of a job once it is finished."""
    ends = ("completed", "failed", "canceled")
    return wait_for(
        lambda: status if (status := job_status(url, job_id)) in ends else None, seconds
    )
