"""A farm reports what it does, signed, in order, and without names unless they are allowed."""

import base64
import json
from contextlib import asynccontextmanager
from ipaddress import ip_network

import attrs
import pytest

from flamenco.config.manager import ManagerConfig, Outgoing, UpstreamConfig
from flamenco.manager import upstream
from flamenco.manager.connections import GetConnection, Reconfigured
from flamenco.manager.farm import open_farm
from flamenco.manager.upstream import TimeToReport
from flamenco.model.connections import ConnectionState
from flamenco.model.deliveries import Outcome
from flamenco.notices.signing import headers, new_secret
from tests.compiling import in_this_process
from tests.manager.conftest import Stage
from tests.patience import until
from tests.receivers import HERE, receiver_here

SECRET = new_secret()
CONFIG = UpstreamConfig(url="https://studio.example/farms/7", secret=SECRET, period=3600.0)


@attrs.define
class Collector:
    """The receiver, played in place of the process that sends."""

    sent: list = attrs.field(factory=list)
    away: bool = False

    async def __call__(self, sending) -> Outcome:
        self.sent.append(sending)
        return Outcome("it is away") if self.away else Outcome()

    @property
    def last(self) -> dict:
        return json.loads(self.sent[-1].body)["data"]


@pytest.fixture
def collector(monkeypatch):
    played = Collector()
    monkeypatch.setattr(upstream, "send", played)
    return played


@asynccontextmanager
async def farm_in(folder, config=CONFIG):
    whole = ManagerConfig(manager_name="Studio", upstream=config)
    async with open_farm(whole, whole.paths(folder), compiling=in_this_process) as farm:
        yield farm


@pytest.fixture
async def farm(tmp_path, collector):
    async with farm_in(tmp_path) as made:
        await until(lambda: is_in(made, ConnectionState.CONNECTED))
        yield made


async def is_in(farm, state):
    found = await farm.upstream.ask(GetConnection())
    return found if found.state is state else None


def report(farm) -> None:
    """A period is over."""
    farm.upstream.tell(TimeToReport(1))


async def test_a_farm_tells_how_it_is_and_signs_it(farm, collector):
    stage = Stage(farm)
    job = await stage.submit(name="secret film")
    anna = await stage.worker("anna")
    await anna.hears_any()
    await until(lambda: is_active(farm))
    report(farm)
    await until(lambda: len(collector.sent) == 2)
    (told,) = collector.last["reports"]
    assert (collector.last["version"], collector.last["farm"]) == (1, "Studio")
    assert (told["status"], told["jobs"], told["workers"]) == (
        "active",
        {"active": 1},
        {"awake": 1},
    )
    assert [each["id"] for each in told["running"]] == [job.id]
    sending = collector.sent[-1]
    for private in ("secret film", "anna"):
        assert private not in sending.body
    found = sending.headers
    expected = headers(SECRET, found["webhook-id"], int(found["webhook-timestamp"]), sending.body)
    assert found == expected
    assert base64.b64decode(SECRET.removeprefix("whsec_"))


async def is_active(farm) -> bool:
    return bool((await farm.services.reader.job_counts()).get("active"))


async def test_names_of_jobs_are_told_if_that_is_allowed(farm, collector):
    reconfigure(farm, names=True)
    stage = Stage(farm)
    await stage.submit(name="film")
    anna = await stage.worker("anna")
    await anna.hears_any()
    await until(lambda: is_active(farm))
    farm.upstream.tell(TimeToReport(2))
    await until(lambda: any("film" in each.body for each in collector.sent))
    assert "anna" not in collector.sent[-1].body


def reconfigure(farm, **keys) -> None:
    services = farm.services
    wanted = attrs.evolve(services.config.upstream, **keys)
    services.take_over(attrs.evolve(services.config, upstream=wanted))
    farm.upstream.tell(Reconfigured())


async def test_what_could_not_be_sent_goes_with_the_next_in_order(farm, collector):
    collector.away = True
    for number in range(2):
        report(farm)
        await until(lambda wanted=number + 2: len(collector.sent) == wanted)
        broken = await until(lambda: is_in(farm, ConnectionState.BROKEN))
    assert (broken.reason, broken.to) == ("it is away", "https://studio.example/…")
    collector.away = False
    report(farm)
    connected = await until(lambda: is_in(farm, ConnectionState.CONNECTED))
    times = [each["at"] for each in collector.last["reports"]]
    assert len(times) == 3
    assert times == sorted(times)
    assert connected.sent == 4


async def test_there_is_an_end_to_what_waits_and_the_oldest_makes_room(
    tmp_path, collector, monkeypatch
):
    monkeypatch.setattr(upstream, "MOST_WAITING", 2)
    collector.away = True
    async with farm_in(tmp_path) as farm:
        for number in range(3):
            await until(lambda wanted=number + 1: len(collector.sent) >= wanted)
            await until(lambda: is_in(farm, ConnectionState.BROKEN))
            report(farm)
        found = await until(lambda: lost(farm))
        assert (found.lost, len(collector.last["reports"])) == (2, 2)


async def lost(farm):
    found = await farm.upstream.ask(GetConnection())
    return found if found.lost == 2 else None


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"secret": ""}, "secret"),
        ({"secret": "whsec_*"}, "secret"),
        ({"url": "ftp://x"}, "url"),
    ],
)
async def test_what_is_wrong_is_told_and_mended_at_once(farm, collector, keys, word):
    reconfigure(farm, **keys)
    assert word in (await until(lambda: is_in(farm, ConnectionState.BROKEN))).reason
    reconfigure(farm, url=CONFIG.url, secret=CONFIG.secret)
    await until(lambda: is_in(farm, ConnectionState.CONNECTED))
    reconfigure(farm, url="")
    await until(lambda: is_in(farm, ConnectionState.OFF))


@pytest.mark.slow
async def test_a_collector_gets_reports_over_http_if_its_network_is_allowed(tmp_path):
    async with receiver_here() as receiver:
        config = attrs.evolve(CONFIG, url=receiver.url(path="/in/studio"))
        async with farm_in(tmp_path, config) as farm:
            broken = await until(lambda: is_in(farm, ConnectionState.BROKEN))
            assert "outgoing.allowed_networks" in broken.reason
            outgoing = Outgoing(allowed_networks=tuple(map(ip_network, HERE)))
            farm.services.take_over(attrs.evolve(farm.services.config, outgoing=outgoing))
            report(farm)
            await until(lambda: is_in(farm, ConnectionState.CONNECTED))
    (heard,) = receiver.heard
    assert heard.path == "/in/studio"
    assert len(json.loads(heard.body)["data"]["reports"]) == 2
    assert "webhook-signature" in heard.headers
