"""A program that floods its output fills neither the Worker's memory nor its disk."""

import re
import sys

import pytest
import trio

from flamenco.protocol import Report
from tests.worker.fake_manager import task
from tests.worker.running import python, worker_process
from worker.outbox import open_outbox
from worker.tasklog import CHUNK_CHARACTERS, MOST_WAITING, TaskLog

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


async def test_lines_are_left_out_while_too_much_waits_and_a_line_says_how_much(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        while outbox.size <= MOST_WAITING:
            tasklog.write("x" * 1000)
        tasklog.write("lost")
        tasklog.write("lost too")
        for seq, _ in await outbox.after(0):
            outbox.acknowledge(seq)
        tasklog.write("there is room again")
        assert tasklog.take() == (
            "[... 14 characters were left out here ...]\nthere is room again\n"
        )


async def test_lines_are_gathered_to_chunks(tmp_path):
    async with open_outbox(tmp_path / "outbox") as outbox:
        tasklog = TaskLog(outbox, "task", 1)
        for number in range(300):
            tasklog.write(f"{number:099}")
        reports = [report for _, report in await outbox.after(0)]
        assert [len(report.log) >= CHUNK_CHARACTERS for report in reports] == [True, True]
        rest = tasklog.take()
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
