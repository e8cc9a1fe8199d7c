"""Child processes end with the block, and with the process, that started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from flamenco.launcher import Child, open_child
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in Linux' ways")

IGNORES_SIGTERM = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
STUBBORN_FAMILY = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {IGNORES_SIGTERM!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
PARENT = f"""
import subprocess, sys, trio
from flamenco.launcher import open_child

async def main():
    command = [sys.executable, "-c", {STUBBORN_FAMILY!r}]
    async with open_child(command, stdout=None, grace=0.2):
        await trio.sleep_forever()

trio.run(main)
"""


async def read_line(stream: trio.abc.ReceiveStream | None) -> str:
    assert stream is not None
    text = b""
    while not text.endswith(b"\n"):
        data = await stream.receive_some(4096)
        assert data, f"end of file after {text!r}"
        text += data
    return text.decode().strip()


def is_running(pid: int) -> bool:
    """True if a process runs; a zombie that nobody has reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def ends(pid: int) -> bool:
    """Wait until a process, anybody's, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        with trio.fail_after(PATIENCE):
            await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)
    return True


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.mark.parametrize(
    ("program", "status"),
    [("pass", 0), ("import sys; sys.exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)],
)
async def test_the_exit_status_comes_through_and_death_by_signal_is_128_more(program, status):
    async with open_child(python(program)) as child:
        assert await child.wait() == status


async def test_the_pid_is_that_of_the_command_itself():
    async with open_child(python("import os; print(os.getpid())"), stdout=subprocess.PIPE) as child:
        assert int(await read_line(child.stdout)) == child.pid


async def test_a_program_that_is_not_there_raises_what_popen_raises():
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        async with open_child(["no-such-program"]):
            pytest.fail("there is no child")


async def test_a_folder_cannot_be_run(tmp_path):
    with pytest.raises(PermissionError):
        async with open_child([str(tmp_path)]):
            pytest.fail("there is no child")


async def test_environment_and_working_directory_are_the_childs_own(tmp_path):
    program = "import os; print(os.getcwd(), os.environ['COLOUR'])"
    environment = {**os.environ, "COLOUR": "teal"}
    async with open_child(
        python(program), stdout=subprocess.PIPE, cwd=tmp_path, env=environment
    ) as child:
        assert await read_line(child.stdout) == f"{tmp_path} teal"


async def test_leaving_the_block_ends_the_child():
    async with open_child(python("import time; time.sleep(600)")) as child:
        pass
    assert child.returncode == 128 + signal.SIGTERM
    assert not is_running(child.pid)


async def test_cancelling_the_block_ends_a_child_that_ignores_sigterm():
    ended: Child | None = None
    with trio.CancelScope() as scope:
        async with open_child(python(IGNORES_SIGTERM), stdout=subprocess.PIPE, grace=0.1) as child:
            ended = child
            await read_line(child.stdout)
            scope.cancel()
            await trio.sleep_forever()
    assert ended is not None
    assert ended.returncode == 128 + signal.SIGKILL
    assert not is_running(ended.pid)


async def test_a_child_may_end_in_its_own_way_within_the_grace_period():
    program = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("ready", flush=True)
signal.sigwait({signal.SIGTERM})
sys.exit(5)
"""
    async with open_child(python(program), stdout=subprocess.PIPE, grace=30) as child:
        await read_line(child.stdout)
    assert child.returncode == 5


async def test_grandchildren_that_ignore_sigterm_end_too():
    async with open_child(python(STUBBORN_FAMILY), stdout=subprocess.PIPE, grace=0.1) as child:
        parent, grandchild = map(int, (await read_line(child.stdout)).split())
        assert parent == child.pid
    assert await ends(parent)
    assert await ends(grandchild)


async def test_grandchildren_end_when_the_command_itself_ends():
    program = STUBBORN_FAMILY.removesuffix("time.sleep(600)\n")
    async with open_child(python(program), stdout=subprocess.PIPE) as child:
        _, grandchild = map(int, (await read_line(child.stdout)).split())
        assert await child.wait() == 0
        assert await ends(grandchild)


SPLIT_FAMILY = f"""
import os, subprocess, sys, time
child = subprocess.Popen(
    [sys.executable, "-c", {STUBBORN_FAMILY!r}], stdout=subprocess.PIPE, start_new_session=True
)
print(os.getpid(), child.stdout.readline().decode(), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("ends_by_itself", [True, False])
async def test_who_leaves_the_group_does_not_leave_the_launcher(ends_by_itself):
    program = SPLIT_FAMILY.removesuffix("time.sleep(600)\n") if ends_by_itself else SPLIT_FAMILY
    async with open_child(python(program), stdout=subprocess.PIPE, grace=0.1) as child:
        pids = [int(pid) for pid in (await read_line(child.stdout)).split()]
        assert len({os.getpgid(pid) for pid in pids[1:]} - {child.pid}) == 1
        if ends_by_itself:
            assert await child.wait() == 0
    for pid in pids:
        assert await ends(pid)


async def test_who_leaves_the_group_ends_too_when_the_parent_was_killed():
    program = PARENT.replace(repr(STUBBORN_FAMILY), repr(SPLIT_FAMILY))
    parent = await trio.lowlevel.open_process(python(program), stdout=subprocess.PIPE)
    pids = list(map(int, (await read_line(parent.stdout)).split()))
    assert len(pids) == 3
    parent.kill()
    await parent.wait()
    for pid in pids:
        assert await ends(pid)
    await parent.stdout.aclose()


async def test_orphans_that_end_while_the_command_runs_are_buried():
    program = """
import os, subprocess, sys
orphan = subprocess.run(["sh", "-c", "sleep 0.01 & echo $!"], stdout=subprocess.PIPE).stdout
print(int(orphan), flush=True)
sys.stdin.read()
"""
    async with open_child(python(program), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert await ends(int(await read_line(child.stdout)))
        await child.stdin.aclose()
        assert await child.wait() == 0


async def test_signals_are_handed_on_to_the_command():
    program = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready", flush=True)
signal.sigwait({signal.SIGUSR1})
sys.exit(11)
"""
    async with open_child(python(program), stdout=subprocess.PIPE) as child:
        await read_line(child.stdout)
        child.send_signal(signal.SIGUSR1)
        assert await child.wait() == 11


async def test_nothing_is_left_after_the_parent_was_killed():
    parent = await trio.lowlevel.open_process(python(PARENT), stdout=subprocess.PIPE)
    pids = list(map(int, (await read_line(parent.stdout)).split()))
    assert all(map(is_running, pids))
    parent.kill()
    await parent.wait()
    for pid in pids:
        assert await ends(pid)
    await parent.stdout.aclose()


def launcher_of(child: Child) -> int:
    return int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_the_command_may_end_in_its_own_way_when_its_launcher_is_killed(tmp_path):
    program = f"""
import pathlib, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM}})
print("ready", flush=True)
signal.sigwait({{signal.SIGTERM}})
pathlib.Path({str(tmp_path / "end")!r}).write_text("well")
"""
    async with open_child(python(program), stdout=subprocess.PIPE, grace=PATIENCE) as child:
        await read_line(child.stdout)
        os.kill(launcher_of(child), signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
        assert await ends(child.pid)
    assert (tmp_path / "end").read_text() == "well"


async def test_nothing_is_left_of_the_group_either_after_its_launcher_was_killed():
    async with open_child(python(STUBBORN_FAMILY), stdout=subprocess.PIPE, grace=0.1) as child:
        pids = list(map(int, (await read_line(child.stdout)).split()))
        os.kill(launcher_of(child), signal.SIGKILL)
        await child.wait()
    for pid in pids:
        assert await ends(pid)


async def test_the_command_ends_even_if_its_parent_is_killed_together_with_its_launcher():
    command = """
import os, time
print(os.getpid(), os.getppid(), flush=True)
time.sleep(600)
"""
    program = PARENT.replace(repr(STUBBORN_FAMILY), repr(command))
    parent = await trio.lowlevel.open_process(python(program), stdout=subprocess.PIPE)
    pid, launcher = map(int, (await read_line(parent.stdout)).split())
    parent.kill()
    os.kill(launcher, signal.SIGKILL)
    assert await ends(pid)
    await parent.wait()
    await parent.stdout.aclose()


async def test_siblings_share_no_pipes_so_that_each_ends_alone():
    """A leaked lifeline would keep a killed parent's other children alive."""
    program = """
import os
print(len(os.listdir("/proc/self/fd")), flush=True)
"""
    counts = []

    async def count() -> None:
        async with open_child(python(program), stdout=subprocess.PIPE) as child:
            counts.append(await read_line(child.stdout))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(count)
    assert counts == ["4"] * 4  # the three standard streams and the listing's own


async def test_a_child_that_floods_its_output_can_be_ended():
    program = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    async with open_child(python(program), stdout=subprocess.PIPE) as child:
        assert await child.stdout.receive_some(10)
    assert child.returncode == 128 + signal.SIGTERM
