"""What was answered survives a power cut: before the answer, each file that was written is synced.

The system calls of a small program are watched, from its word "begin" to its word "answered".
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import need

pytestmark = pytest.mark.slow

CALLS = "write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2"
CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
FILE = re.compile(r"^\d+<([^>]+)>")
RENAMED = re.compile(r'(?:<([^>]+)>, )?"([^"]+)"')
NOT_KEPT = ("-shm", ".lock")
"""Ends of the names of files that hold nothing."""

HEAD = """
import sys
from pathlib import Path

import trio

FOLDER = Path(sys.argv[1])


def say(word: str) -> None:
    print(word, flush=True)

"""

STORE = """
from flamenco.logs import TaskLogs
from flamenco.model.workers import WorkerTag
from flamenco.store import AppendLog, PutTag, open_store


async def main():
    tag = WorkerTag(id="g1", name="tag")
    logs = [AppendLog("j1", f"t{n}", 0, b"line", own=False) for n in range(3)]
    async with open_store(FOLDER / "farm.sqlite", TaskLogs(FOLDER)) as store:
        say("begin")
        await store.commit([PutTag(tag), *logs])
        say("answered")


trio.run(main)
"""

OUTBOX = """
from flamenco.protocol import Report
from worker.outbox import open_outbox


async def main():
    async with open_outbox(FOLDER / "outbox.sqlite") as outbox:
        say("begin")
        outbox.add(Report(task_id="t1", lease=1, log="line"))
        assert await outbox.write()
        say("answered")


trio.run(main)
"""

CONFIGURATION = """
from flamenco.config.manager import ManagerConfig, save_manager_config

say("begin")
save_manager_config(ManagerConfig(manager_name="Farm"), FOLDER / "manager.yaml")
say("answered")
"""

CREDENTIALS = """
import attrs
from flamenco.config.files import write_yaml
from worker.credentials import FILE_NAME, Credentials

say("begin")
write_yaml(FOLDER / FILE_NAME, attrs.asdict(Credentials(worker_secret="s", worker_id="w1")))
say("answered")
"""

SHAMAN = """
import hashlib
from flamenco.shaman import FileKey, Shaman

CONTENT = b"scene" * 1000


async def main():
    pieces = [CONTENT]

    async def read():
        return pieces.pop(0) if pieces else b""

    shaman = Shaman(FOLDER)
    say("begin")
    await shaman.receive(FileKey(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)), read)
    say("answered")


trio.run(main)
"""


def calls_of(folder: Path, program: str) -> list[tuple[str, str]]:
    """The calls of a program between its two words, each with the rest of its line."""
    trace = folder / "trace"
    kept = folder / "kept"
    kept.mkdir()
    watched = [need("strace"), "-f", "-y", "-e", f"trace={CALLS}", "-o", str(trace)]
    run = [*watched, sys.executable, "-c", HEAD + program, str(kept)]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    found = [match.groups() for match in map(CALL.match, trace.read_text().splitlines()) if match]
    words = [place for place, (_, rest) in enumerate(found) if '"begin' in rest or '"answ' in rest]
    return found[words[0] + 1 : words[1]]


def unsynced(calls: list[tuple[str, str]], below: Path) -> tuple[set[Path], set[str]]:
    """What a power cut would take of a folder, and the names of all that was written there."""
    dirty, written = set[Path](), set[str]()
    for name, rest in calls:
        if name.startswith("rename"):
            old, new = (Path(folder) / file for folder, file in RENAMED.findall(rest))
            assert old not in dirty, f"{old} is renamed before it is synced"
            dirty.add(new.parent)
            written.add(new.name)
        elif (file := FILE.match(rest)) and (path := Path(file[1])).is_relative_to(below):
            if name in ("fsync", "fdatasync"):
                dirty.discard(path)
            elif not path.name.endswith(NOT_KEPT):
                dirty.add(path)
                written.add(path.name)
    return dirty, written


@pytest.mark.parametrize(
    ("program", "kept"),
    [
        (STORE, {"farm.sqlite-wal", *(f"task-t{n}.txt" for n in range(3))}),
        (OUTBOX, {"outbox.sqlite-wal"}),
        (CONFIGURATION, {"manager.yaml"}),
        (CREDENTIALS, {"flamenco-worker-credentials.yaml"}),
        (SHAMAN, {"5000.blob"}),
    ],
    ids=["database and logs", "outbox", "configuration", "credentials", "Shaman"],
)
def test_what_is_answered_is_on_the_disk(tmp_path, program, kept):
    dirty, written = unsynced(calls_of(tmp_path, program), tmp_path / "kept")
    assert (dirty, kept - written) == (set(), set())
