"""The Manager takes as many open files as the system gives, and no fewer for asking too much."""

import sys

import pytest

from web import room

if sys.platform == "win32":
    pytest.skip("Windows has no such limit", allow_module_level=True)

import resource

NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "most", "got"),
    [
        (256, NONE, 10**6, 65_536),
        (256, NONE, 10_240, 10_240),
        (256, NONE, 5_000, 4_096),
        (256, NONE, 1_000, 256),
        (8_000, NONE, 5_000, 8_000),
        (256, 1_024, 10**6, 1_024),
        (NONE, NONE, 10**6, NONE),
    ],
)
def test_the_limit_is_the_highest_that_the_system_takes(monkeypatch, soft, hard, most, got):
    limits = [(soft, hard)]

    def setrlimit(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > most:
            raise ValueError("current limit exceeds maximum limit")
        limits.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    room.raise_limit()
    assert limits[-1] == (got, hard)
