"""A job type reads its own files, reaches no network and no other program, and is told so."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from flamenco.jobtypes import CompileError, open_compiler

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="walls stand on Linux")

SCRIPT = """\
import os, socket, subprocess, sys, threading
from pathlib import Path
import _beside
from flamenco.jobtypes.authoring import JobType, Setting

JOB_TYPE = JobType(label="Curious", settings=[Setting("code", "string")])

def compile_job(job, author):
    task = author.task(str(eval(job.settings["code"])), "misc")
    task.command("echo", {"message": _beside.WORD})
"""


@pytest.fixture
async def told(scripts, job):
    """The value of an expression in a script, or why the job is refused."""
    (scripts / "curious.py").write_text(SCRIPT)
    (scripts / "_beside.py").write_text("WORD = 'hello'\n")
    (scripts / "table.txt").write_text("from a table\n")
    async with open_compiler(scripts) as compiler:

        async def run(code):
            try:
                return (await compiler.compile(job("curious", code=code))).tasks[0].name
            except CompileError as error:
                return error.message

        yield run


async def test_a_script_reads_the_files_in_its_own_folder(told, scripts):
    assert await told(f"Path({str(scripts / 'table.txt')!r}).read_text().strip()") == "from a table"
    assert await told("__import__('fractions').Fraction(1, 2)") == "1/2"
    assert await told("__import__('zoneinfo').ZoneInfo('UTC')") == "UTC"


@pytest.mark.parametrize("there", ["database", "folder"])
async def test_a_script_reads_nothing_else(told, tmp_path, there):
    (tmp_path / "database").write_text("secret")
    (tmp_path / "folder").mkdir()
    read = "read_text()" if there == "database" else "iterdir().__next__()"
    said = await told(f"Path({str(tmp_path / there)!r}).{read}")
    assert re.search(r"curious.py, line \d+: PermissionError: .*Permission denied", said)


async def test_a_script_writes_changes_and_erases_nothing(told, scripts):
    table = scripts / "table.txt"
    before = table.stat()
    for code in (
        "Path({}).write_text('mine now')",
        "Path({}).unlink()",
        "Path({}).rename('elsewhere')",
        "Path({}).chmod(0o777)",
        "os.chown({}, 12345, 12345)",
        "os.utime({}, (1, 1))",
        "os.setxattr({}, 'user.x', b'y')",
        "os.truncate({}, 0)",
    ):
        assert "PermissionError" in await told(code.format(repr(str(table))))
    assert table.read_text() == "from a table\n"
    assert (table.stat().st_mode, table.stat().st_mtime) == (before.st_mode, before.st_mtime)
    assert "PermissionError" in await told(f"Path({str(scripts / 'new')!r}).mkdir()")


async def test_a_script_reaches_no_network(told, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        said = await told(f"socket.create_connection(('127.0.0.1', {port}))")
        assert "PermissionError: [Errno 1] Operation not permitted" in said
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()
    for family in ("AF_INET6", "AF_UNIX"):
        assert "PermissionError" in await told(f"socket.socket(socket.{family}, socket.SOCK_DGRAM)")


async def test_a_script_starts_no_program_and_no_process(told):
    assert "PermissionError" in await told("subprocess.run(['/bin/true'])")
    assert "PermissionError" in await told("os.fork()")
    assert "PermissionError" in await told("os.execv('/bin/true', ['true'])")


async def test_a_script_may_have_threads(told):
    assert await told("threading.active_count()") == "1"
    thread = "(lambda t: (t.start(), t.join(), t.name)[2])(threading.Thread(name='woven'))"
    assert await told(thread) == "woven"


async def test_a_script_touches_no_other_process(told):
    assert "PermissionError" in await told(f"os.kill({os.getpid()}, 9)")
    assert "PermissionError" in await told("os.kill(0, 9)")
    assert await told("os.kill(os.getpid(), 0)") == "None"
    limits = "__import__('resource')"
    code = f"{limits}.prlimit({os.getpid()}, {limits}.RLIMIT_NOFILE, (5, 5))"
    assert "PermissionError" in await told(code)
    assert await told(f"{limits}.getrlimit({limits}.RLIMIT_CORE)") == "(0, 0)"
    assert "PermissionError" in await told(f"os.setpriority(os.PRIO_PROCESS, {os.getpid()}, 19)")
    assert "PermissionError" in await told(f"Path('/proc/{os.getpid()}/environ').read_bytes()")
    assert "PermissionError" in await told(f"Path('/proc/{os.getpid()}/mem').open('rb')")


def environment_of(process: str) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


async def test_a_script_sees_nothing_of_the_managers_environment(scripts, job, monkeypatch):
    monkeypatch.setenv("FARM_PASSWORD", "hunter2")
    (scripts / "curious.py").write_text(SCRIPT)
    (scripts / "_beside.py").write_text("WORD = 'hello'\n")
    async with open_compiler(scripts) as compiler:
        made = await compiler.compile(job("curious", code="os.getpid()"))
        memory = environment_of(made.tasks[0].name)
    assert b"PATH=" in memory
    assert b"hunter2" not in memory


async def test_a_script_imports_what_pythonpath_has(scripts, job, tmp_path, monkeypatch):
    (tmp_path / "studio").mkdir()
    (tmp_path / "studio" / "naming.py").write_text("WORD = 'from the studio'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "studio"), prepend=os.pathsep)
    (scripts / "curious.py").write_text(SCRIPT.replace("_beside", "naming"))
    async with open_compiler(scripts) as compiler:
        made = await compiler.compile(job("curious", code="naming.WORD"))
    assert made.tasks[0].name == "from the studio"


async def test_a_folder_of_scripts_that_takes_anothers_place_is_read(told, scripts):
    assert await told("1 + 1") == "2"
    scripts.rename(scripts.with_name("before"))
    scripts.mkdir()
    (scripts / "curious.py").write_text(SCRIPT)
    (scripts / "_beside.py").write_text("WORD = 'again'\n")
    assert await told("_beside.WORD") == "again"
