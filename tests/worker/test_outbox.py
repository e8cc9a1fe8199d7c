"""The outbox: what is in it stays until it is acknowledged, on disk and off."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flamenco import clock
from flamenco.protocol import HeldLease, Report, SignOff, StateChanged
from worker.backoff import MOST_SECONDS, backoff
from worker.outbox import open_outbox


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


async def test_what_is_acknowledged_after_it_was_written_is_never_sent_again(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        numbers = [outbox.add(report(n)) for n in range(3)]
        assert await outbox.write()
        outbox.acknowledge(numbers[1])
    async with open_outbox(tmp_path / "outbox") as outbox:
        assert await messages(outbox) == [report(0), report(2)]


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


async def test_each_time_that_the_disk_is_full_is_told_once_and_what_waited_is_written(
    tmp_path, caplog
):
    caplog.set_level("INFO")
    async with open_outbox(tmp_path / "outbox") as outbox:
        for number in range(2):
            outbox._connection.execute("PRAGMA max_page_count = 4")
            waits = outbox.add(Report(task_id="task", lease=number, log="x" * 100_000))
            assert not await outbox.write()
            outbox._connection.execute("PRAGMA max_page_count = 1000")
            assert await outbox.write()
            outbox.acknowledge(waits)
            assert await outbox.write()
            outbox._connection.execute("VACUUM")
    told = [record.getMessage() for record in caplog.records]
    assert told == 2 * [
        "Unsent messages are kept in memory only: database or disk is full",
        "Unsent messages are on disk again",
    ]


async def test_a_file_that_is_no_database_is_set_aside_and_the_worker_goes_on(tmp_path, caplog):
    content = "not a database " * 100
    (tmp_path / "outbox").write_text(content)
    async with open_outbox(tmp_path / "outbox") as outbox:
        outbox.add(report(1))
    async with open_outbox(tmp_path / "outbox") as outbox:
        assert await messages(outbox) == [report(1)]
    assert (tmp_path / "outbox.damaged-1").read_text() == content
    assert "outbox is damaged and was set aside as outbox.damaged-1: file is not a" in caplog.text


async def test_what_can_be_read_of_a_damaged_outbox_is_sent(tmp_path):
    path = tmp_path / "outbox"
    sent = [Report(task_id="task", lease=n, log="x" * 1000) for n in range(40)]
    async with open_outbox(path) as outbox:
        numbers = [outbox.add(message) for message in sent]
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4096 // 2 * 4096)
        file.write(bytes(4096))
    async with open_outbox(path) as outbox:
        readable = await outbox.after(0)
        assert 30 <= len(readable) < 40
        assert all(sent[numbers.index(seq)] == message for seq, message in readable)
        assert outbox.add(report(99)) > numbers[-1]
    async with open_outbox(path) as outbox:
        assert len(await messages(outbox)) == len(readable) + 1


async def test_a_message_that_is_no_text_costs_no_other(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        numbers = [outbox.add(report(n)) for n in range(3)]
    with closing(sqlite3.connect(tmp_path / "outbox")) as database, database:
        wrong = "UPDATE outbox SET message = CAST(? AS TEXT) WHERE seq = ?"
        database.execute(wrong, (b"\xff\xfe", numbers[1]))
    async with open_outbox(tmp_path / "outbox") as outbox:
        assert await messages(outbox) == [report(0), report(2)]


async def test_damage_while_the_worker_runs_does_not_end_it(tmp_path, caplog):
    async with open_outbox(tmp_path / "outbox") as outbox:
        outbox.add(report(1))
        await outbox.write()
        outbox._connection.execute("PRAGMA writable_schema = ON")
        outbox._connection.execute("UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'outbox'")
        outbox._connection.execute("PRAGMA writable_schema = RESET")
        outbox.add(report(2))
        assert not await outbox.write()
        assert await messages(outbox) == [report(1), report(2)]
    assert "Unsent messages are kept in memory only: " in caplog.text


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 16 * 4096), st.binary(min_size=1, max_size=300)), max_size=4),
    st.booleans(),
)
async def test_no_damage_keeps_a_worker_from_its_start(tmp_path, wounds, is_cut):
    home = Path(tempfile.mkdtemp(dir=tmp_path))
    async with open_outbox(home / "outbox") as outbox:
        for n in range(40):
            outbox.add(Report(task_id="task", lease=n, log="x" * 1000))
    content = bytearray((home / "outbox").read_bytes())
    for place, wound in wounds:
        content[place : place + len(wound)] = wound
    (home / "outbox").write_bytes(content[: len(content) // 3] if is_cut else content)
    async with open_outbox(home / "outbox") as outbox:
        outbox.add(report(99))
    async with open_outbox(home / "outbox") as outbox:
        assert (await messages(outbox))[-1] == report(99)


@given(st.integers(0, 10_000))
def test_back_off_doubles_up_to_its_bound_with_jitter(failures):
    seconds = backoff(failures)
    most = min(MOST_SECONDS, 0.5 * 2 ** min(failures, 10))
    assert most / 2 <= seconds <= most


def test_workers_do_not_come_back_at_the_same_moment():
    waits = [backoff(10) for _ in range(200)]
    assert min(waits) < 0.6 * MOST_SECONDS < 0.9 * MOST_SECONDS < max(waits)
