"""A program that floods its output fills neither the Worker's memory nor its disk."""

import re
import sys

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from flamenco.protocol import Report
from tests.worker.fake_manager import task
from tests.worker.running import python, worker_process
from worker.outbox import open_outbox
from worker.tasklog import CHUNK_CHARACTERS, MOST_TAIL, MOST_WAITING, TaskLog

MEGABYTES = 150
FLOOD = "import sys\nfor _ in range(2_000_000): sys.stdout.write('x' * 99 + '\\n')"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads memory use from /proc")
async def test_memory_stays_bounded_while_the_manager_does_not_listen(manager, config):
    async with worker_process(config) as child:
        session = await manager.session()
        await session.wake()
        await session.send(task(python(FLOOD)))
        await session.next(Report)
        session.cut()
        second = await manager.session()
        await second.welcome()
        _, log = await second.outcome()
        status = await trio.Path(f"/proc/{child.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    assert peak < MEGABYTES
    assert len(log) < 200_000_000
    assert log.count("characters were left out here") >= 1


async def said(outbox):
    """The log as the Manager gets it."""
    return "".join(report.log for _, report in await outbox.after(0))


def without_the_middle(text, size):
    """Number of characters left out of a log, which must be those missing from its size."""
    (left_out,) = re.findall(r"^\[... (\d+) characters were left out here ...\]\n", text, re.M)
    note = f"[... {left_out} characters were left out here ...]\n"
    assert len(text) - len(note) + int(left_out) == size
    return int(left_out)


async def test_while_too_much_waits_the_tail_is_kept_and_a_line_says_how_much_is_not(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        written = 0
        while outbox.size <= MOST_WAITING:
            tasklog.write("x" * 999)
            written += 1000
        for number in range(1000):
            tasklog.write(f"{number:0999}")
        tasklog.write("the last word")
        text = tasklog.take_all()
        tail = text.partition(" ...]\n")[2]
        assert tail.endswith("the last word\n")
        assert MOST_TAIL - 1000 < len(tail) <= MOST_TAIL
        assert without_the_middle(await said(outbox) + text, written + 1_000_014) > 0
        assert outbox.size < MOST_WAITING + 2 * CHUNK_CHARACTERS


async def test_a_tail_that_is_short_is_sent_whole_when_there_is_room(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        while outbox.size <= MOST_WAITING:
            tasklog.write("x" * 1000)
        tasklog.write("said meanwhile")
        for seq, _ in await outbox.after(0):
            outbox.acknowledge(seq)
        tasklog.flush()
        assert await said(outbox) == "said meanwhile\n"


def fill_up(outbox, size):
    """Let messages of exactly so many characters wait."""
    outbox.add(Report(task_id="another", lease=1, log=""))
    outbox.add(Report(task_id="another", lease=1, log="x" * (size - 2 * outbox.size)))
    assert outbox.size == size


async def test_up_to_its_bound_the_outbox_takes_lines_and_activities(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        fill_up(outbox, MOST_WAITING)
        tasklog.write("the last line with room")
        tasklog.tell("Rendering frame 1")
        tasklog.flush()
        ((seq, report),) = (await outbox.after(0))[2:]
        assert (report.log, report.activity) == ("the last line with room\n", "Rendering frame 1")
        tasklog.write("waits")
        tasklog.tell("Rendering frame 2")
        tasklog.flush()
        with trio.move_on_after(0) as nothing:
            await outbox.after(seq)
        assert nothing.cancelled_caught
        outbox.acknowledge(seq)
        tasklog.flush()
        ((_, report),) = (await outbox.after(0))[2:]
    assert (report.log, report.activity) == ("waits\n", "Rendering frame 2")


@pytest.mark.parametrize(("more", "left_out"), [(0, 0), (1, 64)])
async def test_a_tail_is_kept_up_to_its_bound(tmp_path, more, left_out):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        fill_up(outbox, MOST_WAITING + 1)
        for _ in range(MOST_TAIL // 64 - 1):
            tasklog.write("x" * 63)
        tasklog.write("x" * (63 + more))
        text = tasklog.take_all()
    note = f"[... {left_out} characters were left out here ...]\n" if left_out else ""
    assert text.startswith(note + "x")
    assert len(text) - len(note) == MOST_TAIL + more - left_out


async def test_of_an_endless_log_head_and_tail_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("worker.tasklog.MOST_HEAD", 50_000)
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        for number in range(10_000):
            tasklog.write(f"{number:099}")
        tasklog.flush()
        head = await said(outbox)
        assert 50_000 < len(head) < 50_000 + 2 * CHUNK_CHARACTERS
        text = head + tasklog.take_all()
    assert len(text) < 50_000 + MOST_TAIL + 2 * CHUNK_CHARACTERS
    assert text.endswith(f"{9_999:099}\n")
    without_the_middle(text, 1_000_000)


async def test_what_a_task_does_now_is_said_once_with_the_next_chunk(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        tasklog.tell("Rendering frame 1, sample 1/8")
        tasklog.tell("Rendering frame 1, sample 5/8")
        tasklog.flush()
        tasklog.flush()
        ((_, report),) = await outbox.after(0)
    assert (report.activity, report.log) == ("Rendering frame 1, sample 5/8", None)


async def test_lines_are_gathered_to_chunks(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        for number in range(300):
            tasklog.write(f"{number:099}")
        reports = [report for _, report in await outbox.after(0)]
        assert [len(report.log) >= CHUNK_CHARACTERS for report in reports] == [True, True]
        rest = tasklog.take_all()
        text = "".join(report.log for report in reports) + rest
        assert text == "".join(f"{number:099}\n" for number in range(300))


async def test_a_chunk_leaves_after_a_while_even_if_it_is_small(tmp_path, autojump_clock):
    async with open_outbox(tmp_path / "outbox") as outbox, trio.open_nursery() as nursery:
        tasklog = TaskLog(outbox, "task", 1)
        nursery.start_soon(tasklog.keep_flushing)
        tasklog.write("hello")
        ((_, report),) = await outbox.after(0)
        assert report.log == "hello\n"
        nursery.cancel_scope.cancel()


async def test_lines_leave_sooner_while_somebody_follows_them(tmp_path, autojump_clock):
    async with open_outbox(tmp_path / "outbox") as outbox, trio.open_nursery() as nursery:
        tasklog, seq = TaskLog(outbox, "task", 1), 0
        nursery.start_soon(tasklog.keep_flushing)
        for followed, seconds in ((False, 2.0), (True, 0.2), (True, 0.2), (False, 2.0)):
            tasklog.follow(followed)
            await wait_all_tasks_blocked()
            began = trio.current_time()
            tasklog.write("hello")
            ((seq, report),) = await outbox.after(seq)
            assert report.log == "hello\n"
            assert trio.current_time() - began == pytest.approx(seconds)
        nursery.cancel_scope.cancel()
