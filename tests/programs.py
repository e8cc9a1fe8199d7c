"""The programs that tests need, and processes that tests leave behind."""

import os
import shutil
import time
import uuid
from pathlib import Path

import pytest

from tests.patience import PATIENCE

MARK = "FLAMENCO_TEST_MARK"
HINTS = {
    "blender": "apt install blender",
    "ffmpeg": "apt install ffmpeg",
    "chromium": "apt install chromium",
    "strace": "apt install strace",
    "mosquitto": "apt install mosquitto",
    "mosquitto_passwd": "apt install mosquitto",
    "openssl": "apt install openssl",
    "node": "apt install nodejs",
    "uv": "pipx install uv",
    "nsenter": "apt install util-linux",
    "unshare": "apt install util-linux",
}


def need(program: str) -> str:
    """The path of a program; without it the test is skipped, or fails under ``CI=true``."""
    found = shutil.which(program)
    if found is None:
        message = f"needs {program} ({HINTS[program]})"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


def marked_environment(**more: str) -> dict[str, str]:
    """An environment that all descendants of a process inherit, to find them by."""
    return {**os.environ, MARK: uuid.uuid4().hex, **more}


def survivors(environment: dict[str, str]) -> list[str]:
    """Command lines of the processes that still carry an environment's mark."""
    mark = f"{MARK}={environment[MARK]}".encode()
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return [line for line in found if line]


def wait_until_gone(environment: dict[str, str], seconds: float = PATIENCE) -> list[str]:
    """The marked processes that are left after at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while (left := survivors(environment)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
