"""The load that Workers tell is shown for each, now and over the last day."""

import pytest

from flamenco import protocol
from flamenco.model.load import GpuLoad, Load
from tests.patience import until
from tests.web.conftest import call
from tests.web.test_handshakes import KEY, stranger
from tests.web.test_requests import NOBODY
from tests.web.test_worker_calls import caller

LOAD = Load(cpu=0.25, memory_mib=1000, gpus=(GpuLoad(name="RTX", used=0.5, memory_mib=100),))


@pytest.fixture
async def bert(edge):
    return await caller(edge, "bert")


async def says(session, bert, *loads) -> None:
    exchange, _ = await session.identifies(bert.id)
    await session.says(protocol.Prove(exchange.workers_proof(KEY)))
    await session.says(protocol.Hello(name="bert", software_version="1", task_types=("misc",)))
    await session.hears(protocol.Welcome)
    for load in loads:
        await session.says(protocol.Heartbeat(load=load))


async def test_a_worker_is_shown_with_its_load_and_that_of_the_last_day(edge, bert):
    assert "load" not in await call(edge, "GET", f"worker-mgt/workers/{bert.id}")
    path = f"worker-mgt/workers/{bert.id}/load"
    assert (await call(edge, "GET", path)) == {"samples": []}
    async with stranger(edge) as session:
        await says(session, bert, None, LOAD)

        async def told() -> bool:
            return bool((await call(edge, "GET", path))["samples"])

        await until(told)
    samples = (await call(edge, "GET", path))["samples"]
    (worker,) = (await call(edge, "GET", "worker-mgt/workers"))["workers"]
    alone = await call(edge, "GET", f"worker-mgt/workers/{bert.id}")
    assert worker["load"] == alone["load"] == samples[-1]
    assert (samples[-1]["cpu"], samples[-1]["memory_mib"]) == (0.25, 1000)
    assert samples[-1]["gpus"] == [{"name": "RTX", "used": 0.5, "memory_mib": 100}]
    assert samples[-1]["at"].endswith(":00Z")
    await call(edge, "GET", f"worker-mgt/workers/{NOBODY}/load", None, 404)
