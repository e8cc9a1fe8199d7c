"""Wall time follows the machine's clock; a stall of the process is noticed, and left out."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import trio

from flamenco import clock

HOUR = 3600.0


def nothing() -> None:
    """For what is told and does not matter."""


@pytest.fixture
async def corrections(nursery):
    """Wall times at which a watch has found a correction of the clock."""
    found: list[datetime] = []
    nursery.start_soon(clock.watch, lambda: found.append(clock.now()), nothing)
    await trio.sleep(0.5)
    return found


def put(seconds: float) -> None:
    """Correct the machine's clock."""
    clock.set_wall_time(clock.now() + timedelta(seconds=seconds))


async def test_the_present_is_what_the_machines_clock_shows_now(monkeypatch):
    before = clock.now()
    assert abs(datetime.now(UTC) - before) < timedelta(seconds=1)
    monkeypatch.setattr(time, "time", lambda: before.timestamp() + 3 * HOUR)
    assert clock.now() == before + timedelta(hours=3)


async def test_under_a_virtual_clock_the_present_goes_on_with_it(autojump_clock):
    before = clock.now()
    await trio.sleep(30 * 24 * HOUR)
    assert clock.now() - before == timedelta(days=30)


@pytest.mark.parametrize("seconds", [3 * HOUR, -3 * HOUR, 1.5])
async def test_a_correction_is_told_and_logged_within_a_second(
    autojump_clock, corrections, caplog, seconds
):
    put(seconds)
    expected = clock.now() + timedelta(seconds=1)
    await trio.sleep(1.0)
    assert len(corrections) == 1
    assert corrections[0] <= expected
    where = "forward" if seconds > 0 else "back"
    assert [f"put {where} by" in record.message for record in caplog.records] == [True]
    await trio.sleep(60.0)
    assert len(corrections) == 1


async def test_small_corrections_are_told_once_they_add_up(autojump_clock, corrections):
    for _ in range(5):
        put(0.3)
        await trio.sleep(5.0)
    assert len(corrections) == 1


async def test_a_correction_while_nobody_watched_is_told_to_who_watches_next(autojump_clock):
    told: list[float] = []
    with trio.move_on_after(3.5):
        await clock.watch(lambda: told.append(trio.current_time()), nothing)
    put(HOUR)
    with trio.move_on_after(3.5):
        await clock.watch(lambda: told.append(trio.current_time()), nothing)
    assert len(told) == 1


async def test_running_time_leaves_out_what_went_beyond_two_seconds(
    autojump_clock, corrections, caplog
):
    began, ran = trio.current_time(), clock.running_time()
    trio.lowlevel.current_clock().jump(30.0)
    soon = clock.running_time() - ran
    assert soon <= clock.STALL_SECONDS
    await trio.sleep(100.0)
    assert trio.current_time() - began == pytest.approx(130.0)
    assert 100.0 <= clock.running_time() - ran <= 102.0
    assert [record.message for record in caplog.records if "stood still" in record.message] == [
        "stood still for 0:00:28 h; that is nobody's silence"
    ]
    assert corrections == []


async def test_a_busy_second_is_no_stall(autojump_clock, corrections):
    ran = clock.running_time()
    for _ in range(10):
        trio.lowlevel.current_clock().jump(1.0)
        await trio.sleep(1.0)
    assert clock.running_time() - ran == pytest.approx(20.0)


async def test_time_between_two_watches_is_no_stall(autojump_clock):
    ran = clock.running_time()
    for _ in range(2):
        with trio.move_on_after(10.0):
            await clock.watch(nothing, nothing)
        await trio.sleep(100.0)
    assert clock.running_time() - ran == pytest.approx(220.0)


async def test_a_suspended_machine_is_no_correction_and_takes_nothing_from_running_time(
    autojump_clock, nursery, monkeypatch, caplog
):
    told: list[str] = []
    nursery.start_soon(
        clock.watch, lambda: told.append("corrected"), lambda: told.append("resumed")
    )
    await trio.sleep(0.5)
    ran = clock.running_time()
    for nights in (1, 2):
        put(8 * HOUR)
        ahead = nights * 8 * HOUR
        monkeypatch.setattr(clock, "_machine_time", lambda ahead=ahead: trio.current_time() + ahead)
        await trio.sleep(60.0)
        assert told == ["resumed"] * nights
    assert clock.running_time() - ran == pytest.approx(120.0)
    assert [record.message for record in caplog.records] == [
        "was suspended for 8:00:00 h; that is nobody's silence"
    ] * 2


async def test_the_machines_time_goes_on_with_trios():
    before, began = clock._machine_time(), trio.current_time()
    await trio.sleep(0.1)
    assert clock._machine_time() - before == pytest.approx(trio.current_time() - began, abs=0.05)
