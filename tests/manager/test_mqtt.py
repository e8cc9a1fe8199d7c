"""What happens on the farm is published to a real broker, which may come, go and refuse."""

import json
from contextlib import asynccontextmanager

import attrs
import pytest

from flamenco import protocol
from flamenco.api.events import EventWorkerTagUpdate
from flamenco.api.workers import WorkerTag
from flamenco.config.manager import ManagerConfig, MqttClient, MqttConfig
from flamenco.manager import mqtt
from flamenco.manager.connections import GetConnection, Reconfigured
from flamenco.manager.farm import open_farm
from flamenco.model.connections import ConnectionState
from tests.brokers import PASSWORD, USER, listener_at, mosquitto_in, with_password
from tests.certificates import certificate_in
from tests.compiling import in_this_process
from tests.manager.conftest import Stage
from tests.patience import until


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(mqtt, "PAUSES", attrs.evolve(mqtt.PAUSES, maximum=0.2))


@pytest.fixture
async def broker(tmp_path):
    with mosquitto_in(tmp_path) as made:
        await made.start()
        yield made


@asynccontextmanager
async def farm_to(broker, folder, **keys):
    client = MqttClient(enabled=True, broker=f"mqtt://127.0.0.1:{broker.port}", **keys)
    config = ManagerConfig(mqtt=MqttConfig(client=client))
    async with open_farm(config, config.paths(folder), compiling=in_this_process) as farm:
        yield farm


async def connected(farm):
    found = await farm.mqtt.ask(GetConnection())
    return found if found.state is ConnectionState.CONNECTED else None


async def broken(farm):
    found = await farm.mqtt.ask(GetConnection())
    return found if found.state is ConnectionState.BROKEN else None


def tell(farm, name: str) -> None:
    tag = WorkerTag(id="", name=name, description="")
    farm.system.publish(EventWorkerTagUpdate(tag=tag))


def tags(listener, topic="flamenco/workertags") -> list[str]:
    return [json.loads(each)["tag"]["name"] for each in listener.payloads(topic)]


def status(listener) -> str:
    return json.loads(listener.payloads("flamenco/status")[-1])["status"]


async def test_a_broker_whose_name_can_be_none_is_told_as_broken(tmp_path):
    client = MqttClient(enabled=True, broker="mqtt://farm..lan:1883")
    config = ManagerConfig(mqtt=MqttConfig(client=client))
    async with open_farm(config, config.paths(tmp_path), compiling=in_this_process) as farm:
        assert (await until(lambda: broken(farm))).reason


async def test_a_job_is_told_under_the_topics_of_flamenco_3(tmp_path, broker):
    with listener_at(broker) as listener:
        async with farm_to(broker, tmp_path) as farm:
            await until(lambda: connected(farm))
            stage = Stage(farm)
            job = await stage.submit(repeats=0)
            anna = await stage.worker("anna")
            await anna.complete(await anna.hears(protocol.Assign))
            last = ("flamenco/jobs", "completed")
            await until(lambda: last in [_said(each) for each in listener.heard])
    heard = [_said(each) for each in listener.heard]
    assert ("flamenco/jobs", "queued") in heard
    assert (f"flamenco/jobs/{job.id}", "active") in heard
    assert (f"flamenco/jobs/{job.id}", "completed") in heard
    assert ("flamenco/workers", "awake") in heard


def _said(heard) -> tuple[str, str]:
    topic, payload, _ = heard
    return topic, json.loads(payload).get("status", "")


async def test_the_status_of_the_farm_stays_with_the_broker_while_it_holds(tmp_path, broker):
    with listener_at(broker) as listener:
        async with farm_to(broker, tmp_path) as farm:
            await until(lambda: listener.payloads("flamenco/status"))
            await until(lambda: status(listener) not in ("unknown", "starting"))
            with listener_at(broker) as late:
                await until(lambda: late.heard)
            assert late.heard[0][2]
            assert status(late) == status(listener)
            tell(farm, "last")
        await until(lambda: status(listener) == "unknown")
    assert tags(listener) == ["last"]


async def test_what_happens_while_the_broker_is_away_is_told_when_it_is_back(tmp_path, broker):
    async with farm_to(broker, tmp_path) as farm:
        await until(lambda: connected(farm))
        broker.kill()
        await until(lambda: broken(farm))
        tell(farm, "meanwhile")
        await broker.start()
        with listener_at(broker) as listener:
            await until(lambda: connected(farm))
            tell(farm, "afterwards")
            await until(lambda: "afterwards" in tags(listener))
        assert (await connected(farm)).lost == 0


async def test_there_is_an_end_to_what_waits_and_the_oldest_makes_room(
    tmp_path, broker, monkeypatch
):
    monkeypatch.setattr(mqtt, "MOST_WAITING", 3)
    broker.kill()
    async with farm_to(broker, tmp_path) as farm:
        assert "127.0.0.1" in (await until(lambda: broken(farm))).to
        for number in range(5):
            tell(farm, str(number))
        assert (await broken(farm)).lost >= 2


async def test_a_wrong_password_is_told_and_the_right_one_is_taken_at_once(tmp_path):
    with mosquitto_in(tmp_path, *with_password(tmp_path)) as broker:
        await broker.start()
        async with farm_to(broker, tmp_path, username=USER, password="wrong") as farm:
            reason = (await until(lambda: broken(farm))).reason
            assert "does not let the Manager in: Not authorized" in reason
            assert PASSWORD not in reason
            reconfigure(farm, password=PASSWORD, topic_prefix="studio/farm")
            with listener_at(broker) as listener:
                await until(lambda: connected(farm))
                tell(farm, "gpu")
                await until(lambda: tags(listener, "studio/farm/workertags") == ["gpu"])
            reconfigure(farm, enabled=False)
            off = await farm.mqtt.ask(GetConnection())
            assert (off.state, off.sent) == (ConnectionState.OFF, 0)


def reconfigure(farm, **keys) -> None:
    services = farm.services
    client = attrs.evolve(services.config.mqtt.client, **keys)
    services.take_over(attrs.evolve(services.config, mqtt=MqttConfig(client=client)))
    farm.mqtt.tell(Reconfigured())


async def test_an_address_that_is_none_is_told(tmp_path, broker):
    async with farm_to(broker, tmp_path) as farm:
        for wrong in ({"broker": "ws://x"}, {"broker": "mqtt://x:99999"}, {"topic_prefix": "#"}):
            reconfigure(farm, **wrong)
            assert "expected" in (await broken(farm)).reason or "#" in (await broken(farm)).reason
        reconfigure(farm, broker=f"tcp://127.0.0.1:{broker.port}", topic_prefix="flamenco")
        await until(lambda: connected(farm))


async def test_what_the_broker_refuses_is_told(tmp_path):
    nobody = tmp_path / "acl"
    nobody.write_text("topic read #\n")
    nobody.chmod(0o600)
    with mosquitto_in(tmp_path, "allow_anonymous true", f"acl_file {nobody}") as broker:
        await broker.start()
        async with farm_to(broker, tmp_path) as farm:
            await until(lambda: _refused(farm))


async def _refused(farm) -> bool:
    found = await farm.mqtt.ask(GetConnection())
    return found.reason == "the broker refuses: Not authorized"


async def test_an_encrypted_connection_is_made_to_whom_the_system_trusts(tmp_path, monkeypatch):
    key, certificate = certificate_in(tmp_path)
    lines = ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    with mosquitto_in(tmp_path, *lines) as broker:
        await broker.start()
        async with farm_to(broker, tmp_path) as farm:
            reconfigure(farm, broker=f"mqtts://127.0.0.1:{broker.port}")
            assert "CERTIFICATE_VERIFY_FAILED" in (await until(lambda: unverified(farm))).reason
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            await until(lambda: connected(farm))
            assert (await until(lambda: arrived(farm))).to.endswith(str(broker.port))


async def unverified(farm):
    found = await broken(farm)
    return found if found and "VERIFY" in found.reason else None


async def arrived(farm):
    found = await connected(farm)
    return found if found and found.sent else None
