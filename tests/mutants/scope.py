"""The files whose wrong changes count, and the tests that have to notice them."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

SIMULATION = tuple(
    f"tests/simulation/test_simulation.py::test_{name}"
    for name in ("the_farm_keeps_to_the_rule", "a_disk_may_fill_up_while_its_manager_ends")
)
"""Tests of the farm. The others there change it themselves, and test the rules of the days."""

MODEL = (
    "tests/model",
    "tests/manager",
    *SIMULATION,
    "tests/store",
    "tests/test_bounds.py",
)
JOB_TYPES = (
    "tests/jobtypes/test_settings.py",
    "tests/jobtypes/test_authoring.py",
    "tests/jobtypes/test_javascript.py",
    "tests/jobtypes/test_compiler.py",
    "tests/web/test_job_types.py",
    "tests/test_bounds.py",
)
FARM = (
    "tests/manager",
    *SIMULATION,
    "tests/web/test_worker_calls.py",
    "tests/web/test_flamenco3_worker.py",
    "tests/web/test_edge.py",
    "tests/web/test_following.py",
    "tests/web/test_live.py",
    "tests/web/test_parked.py",
)
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
    "flamenco/model/jobtypes.py": JOB_TYPES,
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
