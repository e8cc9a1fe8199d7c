"""The files whose wrong changes count, and the tests that have to notice them."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

MODEL = (
    "tests/model",
    "tests/manager",
    "tests/simulation",
    "tests/store",
    "tests/jobtypes/test_settings.py",
)
FARM = ("tests/manager", "tests/simulation")
STORE = (
    "tests/logs",
    "tests/store",
    "tests/manager",
    "tests/web/test_lists.py",
    "tests/web/test_unreadable_rows.py",
    "tests/web/test_unwritable_logs.py",
    "tests/web/test_following.py",
)
WORKER = (
    "tests/worker/test_outbox.py",
    "tests/worker/test_flood.py",
    "tests/worker/test_finding.py",
    "tests/worker/test_flush.py",
    "tests/worker/test_lines.py",
    "tests/worker/test_network.py",
    "tests/worker/test_life.py",
    "tests/worker/test_polling.py",
)

SCOPE: dict[str, tuple[str, ...]] = {
    "flamenco/model/*.py": MODEL,
    "flamenco/manager/jobs/*.py": FARM,
    "flamenco/manager/workers/*.py": FARM,
    "flamenco/manager/scheduling/*.py": FARM,
    "flamenco/store/*.py": STORE,
    "flamenco/logs/*.py": STORE,
    "worker/outbox.py": WORKER,
    "worker/backoff.py": WORKER,
    "worker/connection.py": WORKER,
    "worker/session.py": WORKER,
    "worker/tasklog.py": WORKER,
}
"""{files: folders and files of quick tests}."""

SIMULATED = ("flamenco/",)
"""Files that days on the simulated farm run through."""


def files(patterns: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """The files of the scope that match one of the patterns, or all, with their tests."""
    found = {
        path.relative_to(ROOT).as_posix(): tests
        for pattern, tests in SCOPE.items()
        for path in sorted(ROOT.glob(pattern))
    }
    wanted = {path.relative_to(ROOT).as_posix() for each in patterns for path in ROOT.glob(each)}
    return {file: tests for file, tests in found.items() if not patterns or file in wanted}
