"""Children of this process in which tests run: each imports the code anew, with its wrong change.

No file is changed: the child's import of one module gets another source. Programs that a test
starts are imported from the disk, and unchanged.
"""

import gc
import importlib
import os
import pickle
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from types import CodeType
from typing import Any

import pytest
from hypothesis import Phase, settings

LIBRARIES = (
    "coverage",
    "cyclopts",
    "httpx",
    "hypercorn.config",
    "msgspec",
    "numpy",
    "PIL.Image",
    "psutil",
    "quart_trio",
    "quickjs",
    "rich",
    "ruamel.yaml",
    "sqlite_utils",
    "trio.testing",
    "trio_websocket",
    "tzlocal",
    "zeroconf",
)
"""What is imported once, before any child is made."""

PROCESSOR_SECONDS = 20
WAIT_SECONDS = 120
"""Seconds of a child beyond what its tests usually take: a wrong change may go round in circles, or
wait for what doesn't come."""
PATIENCE = 10.0
"""Seconds that a test waits for something, as wrong code is what makes it wait."""


def import_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    gc.freeze()  # or each child's collector looks through all of it, again and again


def in_child(function: Callable[[], Any], usual_seconds: float = 0.0) -> Any:
    """The function's result, from a child; None if it was ended for taking too long, or died."""
    sys.stdout.flush()
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if not child:
            _be_child(function, usual_seconds, file.fileno())
        _, status = os.waitpid(child, 0)
        _end_group(child)
        file.seek(0)
        return pickle.load(file) if status == 0 else None  # noqa: S301 - written by this program


def _be_child(function: Callable[[], Any], usual_seconds: float, result: int) -> None:
    status = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2) if "MUTANTS_VERBOSE" not in os.environ else (0,):
            os.dup2(nothing, number)
        if usual_seconds:
            seconds = int(3 * usual_seconds) + PROCESSOR_SECONDS
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            signal.alarm(int(10 * usual_seconds) + WAIT_SECONDS)
        os.write(result, pickle.dumps(function()))
        status = 0
    except Exception:  # noqa: BLE001 - the parent is told by the status
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def import_instead(path: str, source: str) -> None:
    """From now on, the module at this path has another source."""
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        if self.path == path:
            return compile(source, path, "exec", dont_inherit=True)
        return usual(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


class Hasty:
    """A plugin that waits less, and does not look for a simpler example of a failure."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings.default, phases=phases)
        settings.load_profile("mutants")
        importlib.import_module("tests.patience").PATIENCE = PATIENCE


def run_tests(tests: list[str], *plugins: object) -> int:
    """Run tests in this process, until one fails; the exit status of pytest."""
    options = ["-o", "addopts=", "--import-mode=importlib", "--assert=plain"]
    options += [
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        "-n",
        "0",
        "-x",
        "-q",
        "-m",
        "not slow",
    ]
    return int(pytest.main([*options, *tests], [*plugins]))
