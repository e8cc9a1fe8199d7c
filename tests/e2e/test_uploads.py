"""A Manager keeps its memory when files come faster than its disk can take them."""

import hashlib
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.e2e.running import READY
from tests.patience import PATIENCE

MIB = 2**20
SIZE = 256 * MIB

SLOW_MANAGER = """
import sys, time
from flamenco.cli import main
from flamenco.shaman.store import Incoming

write = Incoming.write

def slow_write(self, content):
    time.sleep(0.01)
    write(self, content)

Incoming.write = slow_write
sys.exit(main())
"""


@pytest.fixture
def slow_manager(tmp_path):
    """A Manager whose disk takes 100 MiB a second; its process and port."""
    options = ["manager", "--storage", tmp_path, "--listen", "127.0.0.1:0"]
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-c", SLOW_MANAGER, *map(str, options)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith(READY), (tmp_path / "log").read_text()
        yield psutil.Process(process.pid), urlsplit(line.removeprefix(READY).strip()).port
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


def send(port: int, content: bytes) -> bytes:
    """Send a file as fast as the Manager takes it; the head of the answer."""
    sha = hashlib.sha256(content * (SIZE // len(content))).hexdigest()
    head = f"POST /api/v3/shaman/files/{sha}/{SIZE} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Length: {SIZE}"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        for _ in range(SIZE // len(content)):
            connection.sendall(content)
        return connection.recv(1000)


@pytest.mark.slow
def test_an_upload_that_the_disk_cannot_keep_up_with_takes_no_memory(slow_manager, tmp_path):
    manager, port = slow_manager
    Path(f"/proc/{manager.pid}/clear_refs").write_text("5")  # its peak is what it holds now
    before = peak(manager)
    assert send(port, b"x" * MIB).startswith(b"HTTP/1.1 204")
    assert (peak(manager) - before) / MIB < 30
    [blob] = (Path(tmp_path) / "shared" / "file-store" / "stored").rglob("*.blob")
    assert blob.stat().st_size == SIZE


def peak(process: psutil.Process) -> int:
    """The most memory that a process has held so far, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
