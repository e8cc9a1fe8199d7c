"""The outbox: what is in it stays until it is acknowledged, on disk and off."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from flamenco import clock
from flamenco.protocol import HeldLease, Report, SignOff, StateChanged
from worker.backoff import MOST_SECONDS, backoff
from worker.outbox import HomeError, open_outbox


def report(number, status=None):
    return Report(task_id="task", lease=number, status=status)


async def messages(outbox):
    with trio.move_on_after(0):
        return [message for _, message in await outbox.after(0)]
    return []


async def test_reports_outlive_the_process_in_their_order(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        numbers = [outbox.add(report(n)) for n in range(5)]
        outbox.acknowledge(numbers[2])
    async with open_outbox(tmp_path / "outbox") as outbox:
        assert await messages(outbox) == [report(n) for n in (0, 1, 3, 4)]


async def test_what_only_meant_something_then_does_not_outlive_the_process(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        outbox.add(StateChanged("asleep"))
        outbox.add(SignOff())
    async with open_outbox(tmp_path / "outbox") as outbox:
        assert await messages(outbox) == []


async def test_numbers_grow_also_when_the_database_is_lost(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        last = [outbox.add(SignOff()) for _ in range(3)][-1]
    await trio.sleep(0.01)
    async with open_outbox(tmp_path / "another") as outbox:
        assert outbox.add(SignOff()) > last


async def test_numbers_grow_also_when_the_clock_is_set_back(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        last = outbox.add(report(1))
    clock.set_wall_time(clock.now().replace(year=1999))
    async with open_outbox(tmp_path / "outbox") as outbox:
        assert outbox.add(report(2)) > last


async def test_a_lease_is_held_until_its_end_is_acknowledged(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        outbox.add(report(1))
        outbox.add(report(2, "active"))
        ended = [outbox.add(report(n, s)) for n, s in ((3, "completed"), (4, "failed"))]
        outbox.add(report(5, "queued"))
        assert [lease.lease for lease in outbox.ended_leases()] == [3, 4, 5]
        outbox.acknowledge(ended[0])
        assert outbox.ended_leases() == (HeldLease("task", 4), HeldLease("task", 5))


async def test_an_acknowledgement_for_nothing_is_nothing(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        number = outbox.add(report(1))
        assert outbox.acknowledge(number) == report(1)
        assert outbox.acknowledge(number) is None
        assert outbox.size == 0
        await outbox.wait_until_empty()


async def test_a_full_disk_does_not_stop_the_outbox(tmp_path, caplog):
    async with open_outbox(tmp_path / "outbox") as outbox:
        outbox._connection.execute("PRAGMA max_page_count = 4")
        outbox.add(Report(task_id="task", lease=1, log="x" * 100_000))
        outbox.add(report(2))
        await outbox.write()
        assert len(await messages(outbox)) == 2
        outbox.add(report(3))
        await outbox.write()
    warnings = [record.getMessage() for record in caplog.records]
    assert warnings == ["Unsent messages are kept in memory only: database or disk is full"]


async def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "outbox").write_text("not a database " * 100)
    with pytest.raises(HomeError, match=r"outbox cannot be used: file is not a database; move it"):
        async with open_outbox(tmp_path / "outbox"):
            pytest.fail("opened")


@given(st.integers(0, 10_000))
def test_back_off_doubles_up_to_its_bound_with_jitter(failures):
    seconds = backoff(failures)
    most = min(MOST_SECONDS, 0.5 * 2 ** min(failures, 10))
    assert most / 2 <= seconds <= most
