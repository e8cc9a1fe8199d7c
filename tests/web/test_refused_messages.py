"""A Worker's message out of bounds is refused alone: nothing else is lost with it."""

import json

import pytest
import trio
import trio_websocket

from flamenco import protocol
from flamenco.model.bounds import LARGEST, LONGEST_PROSE
from flamenco.model.statuses import TaskStatus, WorkerStatus
from tests.patience import PATIENCE
from tests.web.conftest import JOB
from tests.web.test_edge import pytestmark, registered, session  # noqa: F401 - a mark is no name

TWO_AT_ONCE = JOB | {"settings": JOB["settings"] | {"sleep_repeats": 2}}

WRONG = [
    ({"steps_completed": -(2**70)}, "Expected `int` >= 0 - at `$.steps_completed`"),
    ({"steps_completed": -1}, "Expected `int` >= 0 - at `$.steps_completed`"),
    ({"steps_completed": 2**70}, f"Expected `int` <= {LARGEST} - at `$.steps_completed`"),
    ({"lease": 2**64}, f"Expected `int` <= {LARGEST} - at `$.lease`"),
    ({"peak_memory": -1}, "Expected `int` >= 0 - at `$.peak_memory`"),
    ({"activity": "x" * (LONGEST_PROSE + 1)}, f"length <= {LONGEST_PROSE} - at `$.activity`"),
    ({"failure": {"kind": "x" * 1001}}, "length <= 1000 - at `$.failure.kind`"),
    ({"status": "rendered"}, "at `$.status`"),
    ({"log": 7}, "at `$.log`"),
]
"""Fields of a report that are wrong, and what is said of them."""


class Talk:
    """A worker that is signed on and awake, at the test's command."""

    def __init__(self, socket):
        self.socket = socket
        self.seq = 0

    async def say(self, kind, **body):
        self.seq += 1
        said = {"type": kind, "seq": self.seq, "body": body}
        await self.socket.send_message(json.dumps(said))

    async def hear(self, kind):
        with trio.fail_after(PATIENCE):
            message, _ = protocol.decode(await self.socket.get_message())
        assert isinstance(message, kind), message
        return message

    async def acknowledged(self):
        """The answer to what was said last."""
        answer = await self.hear(protocol.Acknowledge)
        assert answer.seq == self.seq
        return answer

    async def wake(self):
        await self.say("hello", name="anna", software_version="4", task_types=["misc"])
        await self.hear(protocol.Welcome)
        await self.say("state-changed", status=WorkerStatus.AWAKE)
        assert (await self.acknowledged()).refused is None

    async def finish(self, assign):
        await self.report(assign, status=TaskStatus.COMPLETED)
        assert (await self.acknowledged()).refused is None

    async def report(self, assign, **fields):
        await self.say("report", **{"task_id": assign.task_id, "lease": assign.lease} | fields)


async def test_a_report_out_of_bounds_is_refused_and_the_job_goes_on_at_both_workers(edge):
    job = (await edge.http.post("/api/v3/jobs", json=TWO_AT_ONCE)).json()
    anna, bert = await registered(edge), await registered(edge)
    async with session(edge, anna) as first, session(edge, bert) as second:
        careless, careful = Talk(first), Talk(second)
        await careless.wake()
        await careless.finish(await careless.hear(protocol.Assign))
        await careful.wake()
        assigned = [await each.hear(protocol.Assign) for each in (careless, careful)]
        for fields, reason in WRONG:
            await careless.report(assigned[0], **fields)
            refused = (await careless.acknowledged()).refused
            assert refused.startswith("report: ")
            assert reason in refused
        await careless.say("rendered", frame=1)
        assert "expected a message type" in (await careless.acknowledged()).refused
        for talk, assign in zip((careless, careful), assigned, strict=True):
            await talk.report(assign, status=TaskStatus.ACTIVE, steps_completed=LARGEST)
            assert (await talk.acknowledged()).refused is None
            await talk.finish(assign)
    shown = (await edge.http.get(f"/api/v3/jobs/{job['id']}")).json()
    assert (shown["status"], shown["steps_completed"]) == ("completed", shown["steps_total"])


@pytest.mark.parametrize(
    "message",
    [
        '{"type": "heartbeat", "body": {"leases": [{"task_id": "x", "lease": -1}]}}',
        '{"type": "state-changed", "seq": -1, "body": {"status": "awake"}}',
        '{"type": "state-changed", "seq": 9223372036854775808, "body": {"status": "awake"}}',
        json.dumps({"type": "x" * 1001, "body": {}}),
    ],
)
async def test_a_message_that_can_not_be_answered_ends_its_session_only(edge, message):
    async with session(edge, await registered(edge)) as other:
        bystander = Talk(other)
        await bystander.wake()
        async with session(edge, await registered(edge)) as socket:
            await Talk(socket).wake()
            await socket.send_message(message)
            with pytest.raises(trio_websocket.ConnectionClosed) as closed:
                with trio.fail_after(PATIENCE):
                    await socket.get_message()
        assert closed.value.reason.code == 1002
        await bystander.say("state-changed", status=WorkerStatus.AWAKE)
        assert (await bystander.acknowledged()).refused is None


@pytest.mark.parametrize("letter", ["x", "ü"])
async def test_the_reason_why_a_session_ends_fills_what_a_close_frame_holds(edge, letter):
    """123 bytes (RFC 6455 §5.5.1), and no part of a character."""
    async with session(edge, await registered(edge)) as socket:
        await Talk(socket).wake()
        await socket.send_message(json.dumps({"type": letter * 200, "body": {}}))
        with pytest.raises(trio_websocket.ConnectionClosed) as closed:
            with trio.fail_after(PATIENCE):
                await socket.get_message()
    reason = closed.value.reason.reason
    assert reason.startswith("expected a message type of ")
    assert len(reason.encode()) in (122, 123)


async def test_a_report_over_http_out_of_bounds_is_refused_with_path_and_bound(edge):
    worker = await registered(edge)
    path = "/api/v3/worker/task/00000000-0000-0000-0000-000000000000"
    for fields, reason in [
        ({"steps_completed": -(2**70)}, ">= 0 - at `$.steps_completed`"),
        ({"steps_completed": 2**63}, f"<= {LARGEST} - at `$.steps_completed`"),
    ]:
        answer = await edge.http.post(path, json=fields, auth=(worker, "x" * 64))
        assert answer.status_code == 400
        assert reason in answer.json()["message"]
