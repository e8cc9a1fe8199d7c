"""The tests that run a line of code, and how long they take."""

import importlib
import time
from collections.abc import Generator, Iterable
from typing import Any

import attrs
import pytest

from tests.mutants.children import Hasty, in_child, run_tests
from tests.mutants.scope import ROOT


@attrs.define
class Reach:
    """Tests by the lines that they run."""

    seconds: dict[str, float] = attrs.field(factory=dict)  # {test: seconds}
    _of_line: dict[tuple[str, int], list[str]] = attrs.field(factory=dict)

    def tests(self, file: str, lines: Iterable[int]) -> list[str]:
        """Tests of a statement, as no line of its own is known of what is written below its first.

        What is run by the import of its module concerns all tests.
        """
        found = {test for line in lines for test in self._of_line.get((file, line), [])}
        return [*self.seconds] if "" in found else sorted(found)

    def add(self, data: Any, files: Iterable[str]) -> None:
        """Take what the library `coverage` gathered."""
        for file in files:
            lines = data.contexts_by_lineno(str(ROOT / file))
            self._of_line.update({(file, line): tests for line, tests in lines.items()})


class _Watching:
    """A plugin that tells `coverage` which test runs."""

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.coverage.switch_context(item.nodeid)
        began = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - began


def _reach(files: list[str], tests: list[str]) -> Reach | None:
    paths = [str(ROOT / file) for file in files]
    coverage = importlib.import_module("coverage")
    watched = coverage.Coverage(data_file=None, config_file=False, include=paths)
    watching = _Watching(watched)
    watched.start()
    status = run_tests(tests, watching, Hasty())
    watched.stop()
    if status != 0:
        return None
    reach = Reach(watching.seconds)
    reach.add(watched.get_data(), files)
    return reach


def reach_of(files: list[str], tests: list[str]) -> Reach:
    """The tests that reach these files, all of which have to pass."""
    reach = in_child(lambda: _reach(files, tests))
    if reach is None:
        raise SystemExit("the tests fail without any wrong change, too")
    return reach
