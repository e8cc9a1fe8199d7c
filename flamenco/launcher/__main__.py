"""A program that runs one command as a process group, and ends the group when its parent is gone.

`flamenco.launcher.open_child` starts it by file path and with ``python -I -S``, so that it is up
in about 20 ms: nothing here imports more than the smallest parts of the standard library.

Its arguments are ``LIFELINE GRACE COMMAND [ARG ...]``. The lifeline is the number of one end of a
socket pair; only the parent holds the other end. At end of file, which a ``kill -9`` of the parent
causes too, the group gets SIGTERM and, after GRACE seconds or when the command itself has ended,
SIGKILL. The kernel's parent-death signal would not work for the launcher: it fires when the
*thread* that started the child ends, and Trio starts children from pool threads. The launcher has
one thread, so on Linux the command itself gets SIGTERM from the kernel when the launcher is killed.

A process that leaves the group, by ``setsid`` for example, cannot escape the launcher: on Linux
that adopts all orphans below it, and kills those that are left when the command has ended.

The launcher says ``started PID`` or ``failed ERRNO`` on the lifeline, hands SIGINT, SIGTERM,
SIGHUP, SIGUSR1 and SIGUSR2 on to the command, and ends with the command's exit status; death by
signal N becomes 128 + N. The rest of the group is killed when the command ends. The last line is
``peak BYTES``: the most memory that any one process of the command used. For a command that needs
less than the launcher itself, about 10 MiB, it is the launcher's.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
REST_SECONDS = 1.0
"""Seconds to wait for processes that were killed."""
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def watch_signals() -> int:
    """Catch SIGCHLD and the signals to hand on; returns the pipe they are read from as bytes."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (*FORWARDED, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return readable


def adopt_orphans() -> None:
    """Become the parent of every process below whose own parent ends; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_launcher(launcher: int) -> None:
    """Let the kernel end this process with SIGTERM when the launcher ends; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != launcher:  # it was killed before the kernel was asked
            os.kill(os.getpid(), signal.SIGTERM)


def start(command: list[str]) -> int:
    """Start the command as leader of a new process group; raises OSError if it cannot run."""
    readable, writable = os.pipe()  # the exec closes it
    launcher = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            become(command, launcher)
        except OSError as error:
            os.write(writable, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(writable)
    failed = os.read(readable, 16)
    os.close(readable)
    if failed:
        os.waitpid(pid, 0)
        raise OSError(int(failed), os.strerror(int(failed)))
    return pid


def become(command: list[str], launcher: int) -> None:
    """Run the command in place of this process, a fork of the launcher. Raises OSError."""
    signal.set_wakeup_fd(-1)  # the launcher reads the other end
    for number in (*FORWARDED, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.setpgid(0, 0)
    end_with_launcher(launcher)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # no process is left; macOS says PermissionError for a group of zombies


def watch(pid: int, signals: int, lifeline: int, grace: float) -> int:
    """Hand signals on and watch the lifeline until the command ends; returns its wait status."""
    poll = select.poll()
    poll.register(signals, select.POLLIN)
    poll.register(lifeline, select.POLLIN)
    deadline: float | None = None
    while True:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == pid:
                return ended[1]
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if left == 0:
            signal_group(pid, signal.SIGKILL)
        for ready, _ in poll.poll(left * 1000 if left else None):
            if ready == signals:
                for number in os.read(signals, 512):
                    if number != signal.SIGCHLD:
                        os.kill(pid, number)
            elif not receive(ready):
                poll.unregister(ready)
                deadline = time.monotonic() + grace
                signal_group(pid, signal.SIGTERM)


def kill_rest(group: int) -> None:
    """End everything the command left behind: its group, then the orphans as they are adopted.

    A process that cannot be killed, since it is another user's or hangs in the kernel, is left.
    """
    signal_group(group, signal.SIGKILL)
    deadline = time.monotonic() + REST_SECONDS
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) != (0, 0):
                continue
        except ChildProcessError:
            return
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except PermissionError:
                continue
        time.sleep(REST_SECONDS / 200)


def children() -> list[int]:
    """The child processes of this one, including the adopted ones."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - pathlib is slow to import
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
                parent = stat.read().rpartition(b")")[2].split()[1]
        except OSError:
            continue  # it has ended
        if int(parent) == os.getpid():
            found.append(int(name))
    return found


def receive(lifeline: int) -> bytes:
    try:
        return os.read(lifeline, 512)
    except ConnectionResetError:
        return b""


def say(lifeline: int, text: str) -> None:
    try:
        os.write(lifeline, f"{text}\n".encode())
    except (BrokenPipeError, ConnectionResetError):
        return  # the parent is gone; the end of file comes next


def peak_memory() -> int:
    """Peak memory in bytes of the largest process that has ended and was waited for."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(arguments: list[str]) -> int:
    """Run the command to its end; returns the exit status to end with."""
    lifeline, grace, command = int(arguments[0]), float(arguments[1]), arguments[2:]
    os.set_inheritable(lifeline, False)  # noqa: FBT003
    signals = watch_signals()
    adopt_orphans()
    try:
        pid = start(command)
    except OSError as error:
        say(lifeline, f"failed {error.errno}")
        return 127
    say(lifeline, f"started {pid}")
    code = os.waitstatus_to_exitcode(watch(pid, signals, lifeline, grace))
    kill_rest(pid)
    say(lifeline, f"peak {peak_memory()}")
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
