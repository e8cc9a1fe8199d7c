"""The Worker goes on and runs the next task, whatever a Manager says in a session."""

import json

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import inspect
from trio_websocket import ConnectionClosed

from flamenco import protocol
from flamenco.model.statuses import TaskStatus, WorkerStatus
from flamenco.protocol import Report
from tests.bounded import ANYTHING, values
from tests.worker.fake_manager import task
from tests.worker.running import running_worker

ENDS_THE_WORKER = (WorkerStatus.OFFLINE, WorkerStatus.RESTART)
ENDINGS = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.QUEUED)
FROM_MANAGER = [name for name in protocol.TYPES if name not in (*protocol.FROM_WORKER, "hello")]
ANY_MESSAGE = st.one_of(
    *(
        st.fixed_dictionaries(
            {"type": st.just(name), "body": values(inspect.type_info(protocol.TYPES[name]))}
        )
        for name in FROM_MANAGER
    ),
    st.fixed_dictionaries({"type": st.text("abc", max_size=9), "body": ANYTHING}),
)


@st.composite
def messages_of_a_manager(draw):
    """A message that does not end the Worker; the whole strategy's name is too long to be told."""
    message = draw(ANY_MESSAGE)
    assume(not any(each in json.dumps(message) for each in ENDS_THE_WORKER))
    return message


def batches(number):
    """Lists of messages, the same each time."""
    made = []

    @given(st.lists(messages_of_a_manager(), min_size=1, max_size=6))
    @settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def gather(messages):
        made.append(messages)

    gather()
    return made


async def runs_a_task(session, name):
    """True if the worker runs a task; one that it hands back it gets again."""
    await session.ask(WorkerStatus.AWAKE, lazy=True)
    wanted = task(("echo", {"message": "hello"}), task_id=name)

    def is_end(said):
        return isinstance(said, Report) and said.task_id == name and said.status in ENDINGS

    while True:
        await session.send(wanted)
        told = await session.until(is_end)
        if told[-1].status is not TaskStatus.QUEUED:
            return told[-1].status is TaskStatus.COMPLETED
        wanted = attrs.evolve(wanted, lease=wanted.lease + 1)


@pytest.mark.slow
async def test_whatever_a_manager_says_the_worker_runs_the_next_task(manager, config, monkeypatch):
    monkeypatch.setattr("worker.session.backoff", lambda failures, longest: 0.01)
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        for number, messages in enumerate(batches(40)):
            try:
                for message in messages:
                    await session.socket.send_message(json.dumps(message))
                assert await runs_a_task(session, f"task-{number}")
            except ConnectionClosed:
                session = await manager.session()
                await session.welcome()
                assert await runs_a_task(session, f"again-{number}")
