"""Conditions of test runs, here and in the continuous integration."""

import gc
import os
import signal
import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Python keeps what it has compiled, also where a container tells it not to: otherwise most of the
# time goes into compiling, since each program that a test starts has a thousand modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A slow machine is no finding. Where CI is set, Hypothesis also tries the same examples each time.
settings.register_profile(
    "farm", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("farm")

# Shells let what they start in the background ignore Ctrl-C, and programs hand that on to theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One file runs in this process, which starts sooner.

    More run in one process more than there are processors, as tests also wait: for programs, and
    for time to pass. On two processors the quick tests take 120 s in three, 140 s in two.
    """
    if len(config.args) == 1 and ".py" in config.args[0]:
        return 0
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin tests that take minutes first: at the end, each would keep one process alone busy."""
    items.sort(key=lambda item: item.get_closest_marker("minutes") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, bool, bool]:
    """Spare each Manager's garbage collection the modules and tests, which stay anyway."""
    gc.freeze()
    try:
        return (yield)
    finally:
        gc.unfreeze()
