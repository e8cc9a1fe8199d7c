"""A worker that poses as another one: what is said about a task counts from who holds it."""

import json

import pytest

from flamenco import protocol
from tests.web.conftest import OPERATIONS, call
from tests.web.test_every_operation import BODIES
from tests.web.test_handshakes import KEY, stranger
from tests.web.test_worker_calls import SECRET, awake, caller, submitted, task_of
from web.operations import API
from web.wire import JSON

pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

JPEG = b"\xff\xd8\xff picture"
ABOUT_TASKS = [
    operation
    for _, _, operation in OPERATIONS
    if operation.worker_auth and "<task_id>" in operation.path
]
REFUSED = {"mayWorkerRun": 200}
"""{operation: its answer to another worker}, where that is not 409."""


def content_of(operation) -> tuple[bytes, str]:
    if operation.content:
        return JPEG, operation.content[0]
    return json.dumps(BODIES.get(operation.id, {})).encode(), JSON


async def seen(edge, task) -> list:
    """All that a worker could have changed."""
    job = task["job"]
    log = await edge.http.get(f"{API}/tasks/{task['uuid']}/log")
    return [
        await task_of(edge, task),
        log.text,
        await call(edge, "GET", f"jobs/{job}/pictures"),
        await call(edge, "GET", f"jobs/{job}/blocklist"),
        (await edge.http.get(f"{API}/jobs/{job}/last-rendered")).text,
    ]


@pytest.fixture
async def task(edge):
    await submitted(edge)
    anna = await awake(edge)
    task = await anna.gets_task()
    await anna.updates(task, activity="rendering", log="anna's line\n")
    return task


def test_there_are_such_operations():
    assert len(ABOUT_TASKS) >= 5


@pytest.mark.parametrize("operation", ABOUT_TASKS, ids=lambda each: each.id)
@pytest.mark.parametrize("shows", ["Basic", "ticket"])
async def test_no_call_about_the_task_of_another_worker_counts(edge, task, operation, shows):
    bert = await caller(edge, "bert")
    before = await seen(edge, task)
    content, kind = content_of(operation)
    async with stranger(edge) as session:
        ticket = (await session.signs_on(bert.id)).ticket
        answer = await edge.http.request(
            operation.method,
            API + operation.path.replace("<task_id>", task["uuid"]),
            content=content,
            headers={"Content-Type": kind}
            | ({"Authorization": f"Bearer {ticket}"} if shows == "ticket" else {}),
            auth=(bert.id, SECRET) if shows == "Basic" else None,
        )
    may_ask = shows == "Basic" or operation.takes_ticket
    assert answer.status_code == (REFUSED.get(operation.id, 409) if may_ask else 403), answer.text
    if operation.id == "mayWorkerRun" and may_ask:
        assert not answer.json()["mayKeepRunning"]
    assert await seen(edge, task) == before


@pytest.mark.parametrize("operation", ABOUT_TASKS, ids=lambda each: each.id)
async def test_no_call_with_the_secret_of_another_worker_counts(edge, task, operation):
    bert = await caller(edge, "bert", secret="b" * 64)
    holder = (await task_of(edge, task))["worker"]["id"]
    before = await seen(edge, task)
    content, kind = content_of(operation)
    for login in ((holder, "b" * 64), (bert.id, SECRET), (holder, bert.id), (holder, "")):
        answer = await edge.http.request(
            operation.method,
            API + operation.path.replace("<task_id>", task["uuid"]),
            content=content,
            headers={"Content-Type": kind},
            auth=login,
        )
        assert answer.status_code == 403
    assert await seen(edge, task) == before


async def test_no_message_about_the_task_of_another_worker_counts(edge, task):
    bert = await caller(edge, "bert")
    before = await seen(edge, task)
    lease = protocol.HeldLease(task["uuid"], 1)
    async with stranger(edge) as session:
        hello = protocol.Hello(
            name="bert", software_version="1", task_types=("misc",), leases=(lease,)
        )
        exchange, _ = await session.identifies(bert.id)
        await session.says(protocol.Prove(exchange.workers_proof(KEY)))
        await session.says(hello)
        assert (await session.hears(protocol.Welcome)).leases == ()
        await session.says(protocol.Heartbeat((lease,)))
        for seq, status in enumerate(("active", "completed", "failed", "queued"), 1):
            report = protocol.Report(
                task_id=task["uuid"],
                lease=1,
                status=status,
                activity="bert's",
                log="bert's\n",
                blocklist="bert's",
            )
            await session.says(protocol.encode(report, seq))
            assert (await session.hears(protocol.Acknowledge)).refused
    assert await seen(edge, task) == before
