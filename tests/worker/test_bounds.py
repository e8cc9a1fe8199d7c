"""Data out of the protocol's bounds, from the Manager or from a task, costs little."""

import json

import attrs
import pytest

from flamenco.model.bounds import LONGEST_LINE, LONGEST_PROSE
from flamenco.model.reasons import FailureKind
from flamenco.protocol import Failure
from tests.worker.fake_manager import task
from tests.worker.running import running_worker
from worker.command import CommandFailed

ECHO = ("echo", {"message": "hello"})
ASSIGN = attrs.asdict(task(ECHO))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "assign", "body": {**ASSIGN, "lease": -1}},
        {"type": "assign", "body": {**ASSIGN, "steps_total": 2**63}},
        {"type": "acknowledge", "body": {"seq": 2**70}},
        {"type": "welcome", "body": {"status_requested": "awake", "heartbeat_seconds": 0}},
    ],
)
async def test_what_a_manager_says_beyond_the_bounds_ends_only_the_session(
    manager, config, message
):
    async with running_worker(config):
        first = await manager.session()
        await first.wake()
        await first.socket.send_message(json.dumps(message))
        await first.closed()
        second = await manager.session()
        await second.wake()
        await second.send(task(ECHO))
        assert (await second.outcome())[0].status == "completed"


async def test_what_a_task_says_is_cut_to_what_a_manager_takes(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        long = ("echo", {"message": "x" * 2_000_000})
        await session.send(task(long, ("exec", {"exe": "x" * 100_000, "args": []})))
        last, log = await session.outcome()
    assert last.status == "failed"
    assert len(last.activity) == len("Failed: ") + LONGEST_LINE
    assert max(map(len, log.splitlines())) == LONGEST_PROSE


def test_the_reason_of_a_failure_is_cut_with_its_sentence():
    failed = CommandFailed("x" * 40_000, Failure(FailureKind.MISSING_FILE, "x" * 40_000))
    assert (len(str(failed)), len(failed.failure.detail)) == (LONGEST_LINE, LONGEST_LINE)
