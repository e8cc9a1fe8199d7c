"""Walls around the compiler's child process: it reads its scripts and Python's files, no more.

On Linux only. Landlock closes the files, the signals to other processes and TCP off; a filter of
system calls closes sockets of every kind, the start of processes and the memory of others off
(landlock(7), seccomp(2)). Neither needs any rights, and neither can be taken down again.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

import flamenco

if sys.platform != "win32":
    import resource

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38  # linux/prctl.h
SECCOMP_MODE_FILTER = 2  # linux/seccomp.h
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on all machines
VERSION, PATH_BENEATH = 1, 1  # linux/landlock.h
READ_FILE, READ_DIR, WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
RIGHTS_TO_FILES = {1: 13, 2: 14, 3: 15, 5: 16}
"""{version of Landlock: number of rights to files, from that one on}."""
TCP = 0b11
"""To bind, and to connect: from version 4."""
SCOPES = 0b11
"""Abstract Unix sockets, and signals, beyond the walls: from version 6."""
SYSTEM_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom")

OPEN_FILES = "job types can read the Manager's files: this kernel has no Landlock"
OPEN_CALLS = "job types can reach the network: this kernel filters no system calls"
OPEN_ALL = "job types can do what the Manager can: only Linux has walls for them"


@attrs.frozen
class Machine:
    """The numbers that a kind of processor gives to system calls (its unistd.h)."""

    audit: int
    """Its AUDIT_ARCH, linux/audit.h."""
    closed: tuple[int, ...]
    """Sockets and io_uring; memory, signals and priorities of others; shared memory; fork; and what
    Landlock does not know of files: modes, owners, times, attributes, and at first lengths."""
    clone: int
    to_itself: tuple[int, ...]
    """kill and tgkill: their first argument is a process, which may be this one."""
    prlimit: int
    clone3: int = 435


ANYWHERE = (424, 425, 452, 463, 466)
"""pidfd_send_signal, io_uring_setup, fchmodat2, setxattrat, removexattrat: new calls have one
number on all machines."""
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        (
            *(41, 53, 101, 310, 311, 200, 129, 297, 57, 58),
            *(90, 91, 268, 92, 93, 94, 260, 132, 235, 261, 280),
            *(188, 189, 190, 197, 198, 199, 76, 141, 142, 144, 203, 314, 251, 29, 64, 68),
            *ANYWHERE,
        ),
        clone=56,
        to_itself=(62, 234),
        prlimit=302,
    ),
    "aarch64": Machine(
        0xC00000B7,
        (
            *(198, 199, 117, 270, 271, 130, 138, 240),
            *(52, 53, 54, 55, 88),
            *(5, 6, 7, 14, 15, 16, 45, 140, 118, 119, 122, 274, 30, 194, 190, 186),
            *ANYWHERE,
        ),
        clone=220,
        to_itself=(129, 131),
        prlimit=261,
    ),
}
FOREIGN_CALLS = 0x40000000
"""From this number on calls are of another kind of program: x32 on x86_64."""
CLONE_THREAD = 0x00010000

LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions of the kernel's filters (linux/bpf_common.h)."""
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
"""Offsets in `struct seccomp_data`."""
ALLOWED, REFUSED = 0x7FFF0000, 0x00050000


def close(scripts: Path | None) -> list[str]:
    """Put walls around this process, which must have one thread; returns what stays open.

    It goes on reading the folder of ``scripts`` and what Python itself needs.
    """
    if sys.platform == "win32":
        return [OPEN_ALL]
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return [OPEN_ALL]
    kernel = ctypes.CDLL(None, use_errno=True)
    _called(kernel.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    walls = ((_close_files, OPEN_FILES), (_close_calls, OPEN_CALLS))
    return [open_still for wall, open_still in walls if not wall(kernel, scripts)]


def _close_files(kernel: ctypes.CDLL, scripts: Path | None) -> bool:
    version = kernel.syscall(CREATE_RULESET, None, 0, VERSION)
    if version < 1:
        return False
    rights = max(number for since, number in RIGHTS_TO_FILES.items() if since <= version)
    parts = [(1 << rights) - 1, *[TCP] * (version >= 4), *[SCOPES] * (version >= 6)]
    attributes = struct.pack(f"{len(parts)}Q", *parts)
    ruleset = _called(kernel.syscall(CREATE_RULESET, attributes, len(attributes), 0))
    for path in _read(scripts):
        _allow(kernel, ruleset, path, READ_FILE | READ_DIR)
    _allow(kernel, ruleset, Path(os.devnull), READ_FILE | WRITE_FILE)
    _called(kernel.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    return True


def _read(scripts: Path | None) -> Iterator[Path]:
    """The files and folders that the process goes on reading."""
    yield from map(Path, (sys.base_prefix + "/lib", *SYSTEM_FOLDERS, *SYSTEM_FILES))
    checkout = Path(flamenco.__file__).parents[1]
    if (checkout / "pyproject.toml").exists():  # the rest of it may be a farm's storage
        yield from (checkout / "flamenco", checkout / "actors")
        yield from (Path(each) for each in sys.path if Path(each) != checkout)
    else:
        yield from map(Path, sys.path)
    if scripts is not None:
        yield scripts


def _allow(kernel: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    with suppress(OSError):  # what is not there needs no right
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not path.is_dir():
                rights &= ~READ_DIR
            _called(
                kernel.syscall(
                    ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, opened), 0
                )
            )
        finally:
            os.close(opened)


def _close_calls(kernel: ctypes.CDLL, scripts: Path | None) -> bool:
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = _filter(machine)
    code = ctypes.create_string_buffer(program)
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    return bool(kernel.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described, 0, 0) == 0)


def _filter(machine: Machine) -> bytes:
    """A filter in the kernel's machine language: the closed calls fail with EPERM.

    New threads are allowed, and signals to this process itself; new processes are not. What
    clone3 shall make can't be seen, so it is there no more, and the C library takes clone.
    """
    refuse = (RETURN, 0, 0, REFUSED | errno.EPERM)
    allow = (RETURN, 0, 0, ALLOWED)
    instructions = [
        (LOAD, 0, 0, MACHINE),
        (IF_EQUAL, 1, 0, machine.audit),
        refuse,
        (LOAD, 0, 0, NUMBER),
        (IF_AT_LEAST, 0, 1, FOREIGN_CALLS),
        refuse,
        (IF_EQUAL, 0, 1, machine.clone3),
        (RETURN, 0, 0, REFUSED | errno.ENOSYS),
    ]
    for number in machine.closed:
        instructions += [(IF_EQUAL, 0, 1, number), refuse]
    argument = (LOAD, 0, 0, FIRST_ARGUMENT)
    thread = [argument, (IF_ANY_BIT, 1, 0, CLONE_THREAD), refuse, allow]
    itself = [argument, (IF_EQUAL, 1, 0, os.getpid()), refuse, allow]
    limits = [argument, (IF_EQUAL, 2, 0, 0), *itself[1:]]  # 0 is this process
    conditions = {machine.clone: thread, machine.prlimit: limits}
    conditions |= dict.fromkeys(machine.to_itself, itself)
    for number, condition in conditions.items():
        instructions += [(IF_EQUAL, 0, len(condition), number), *condition]
    return b"".join(struct.pack("HBBI", *each) for each in [*instructions, allow])


def _called(result: int) -> int:
    """The result of a system call. Raises OSError."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
