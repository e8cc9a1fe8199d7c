"""Notices leave the farm once, together, and whatever their receivers do."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import pytest

from flamenco import clock
from flamenco.config.manager import ManagerConfig
from flamenco.manager import outbox
from flamenco.manager.farm import open_farm
from flamenco.manager.outbox import SendAgain, SendTest, Subscribe, Unsubscribe
from flamenco.manager.refusals import Conflict, NotFound
from flamenco.model import deliveries
from flamenco.model.deliveries import DeliveryState, Outcome
from flamenco.model.notices import Notice, NoticeKind
from flamenco.model.subscriptions import Channel, Subscription, Wishes
from flamenco.notices.signing import new_secret
from flamenco.store import PutNotice, all_subscriptions, deliveries_of
from tests.compiling import in_this_process
from tests.patience import until

BROKEN = Outcome("it broke")


@attrs.define
class Receivers:
    """All receivers, played in place of the process that sends."""

    sent: list = attrs.field(factory=list)
    outcomes: list = attrs.field(factory=list)
    """Of the next attempts; then all is well."""
    hanging: bool = False

    async def __call__(self, sending) -> Outcome:
        self.sent.append(sending)
        await until(lambda: not self.hanging)
        return self.outcomes.pop(0) if self.outcomes else Outcome()


@pytest.fixture
def receivers(monkeypatch):
    played = Receivers()
    monkeypatch.setattr(outbox, "send", played)
    return played


@asynccontextmanager
async def farm_in(folder):
    config = ManagerConfig()
    async with open_farm(config, config.paths(folder), compiling=in_this_process) as farm:
        yield farm


@pytest.fixture
async def farm(tmp_path):
    async with farm_in(tmp_path) as made:
        yield made


def people(**wishes) -> Subscription:
    return Subscription(
        id="people",
        name="the studio",
        channel=Channel.APPRISE,
        address="json://farm.example",
        wishes=Wishes(**({"gather": 0} | wishes)),
        created=clock.now(),
    )


def program() -> Subscription:
    return attrs.evolve(
        people(), id="program", channel=Channel.WEBHOOK, address="https://x/", secret=new_secret()
    )


async def give(farm, *texts: str, job: str = "") -> None:
    notices = [
        Notice(id=text, at=clock.now(), kind=NoticeKind.JOB_FAILED, text=text, job_id=job)
        for text in texts
    ]
    await farm.store.commit([PutNotice(each) for each in notices])
    farm.outbox.tell(outbox.NoticesCame())


async def logged(farm, state: DeliveryState):
    found = await farm.services.reader.ask(lambda db: deliveries_of(db, ["people", "program"], 99))
    return [each for each in found if each.state is state]


async def test_a_hundred_notices_are_one_message(farm, receivers):
    await farm.outbox.ask(Subscribe(people(gather=1)))
    await give(farm, *(f"shot {number} failed" for number in range(100)))
    await until(lambda: receivers.sent)
    (sent,) = receivers.sent
    assert "100 notices" in sent.title
    assert sent.body.startswith("shot 0 failed\nshot 1 failed")
    assert sent.body.endswith("… and 80 more")
    (delivery,) = await until(lambda: logged(farm, DeliveryState.SENT))
    assert len(delivery.notices) + delivery.more == 100


async def test_what_fails_is_tried_again_and_the_log_says_why(farm, receivers, monkeypatch):
    monkeypatch.setattr(deliveries, "RETRIES", (timedelta(seconds=0.3),) * 3)
    receivers.outcomes = [BROKEN]
    await farm.outbox.ask(Subscribe(program()))
    await give(farm, "first", job="job")
    waiting = await until(lambda: _tried(farm))
    assert waiting.reason == "it broke"
    first = receivers.sent[0]
    await until(lambda: len(receivers.sent) == 2)
    assert receivers.sent[1].headers["webhook-id"] == first.headers["webhook-id"] == waiting.id


async def _tried(farm):
    found = await logged(farm, DeliveryState.WAITING)
    return next((each for each in found if each.attempts), None)


async def test_a_program_hears_of_a_job_in_order_and_of_others_meanwhile(farm, receivers):
    receivers.outcomes = [BROKEN]
    await farm.outbox.ask(Subscribe(program()))
    await give(farm, "a 1", "a 2", job="a")
    await until(lambda: _tried(farm))
    await give(farm, "b 1", job="b")
    await until(lambda: len(receivers.sent) == 4)
    texts = [json.loads(each.body)["data"]["text"] for each in receivers.sent]
    assert texts == ["a 1", "b 1", "a 1", "a 2"]


async def test_who_left_while_nobody_heard_it_is_told_no_more(tmp_path, receivers):
    async with farm_in(tmp_path) as farm:
        await farm.outbox.ask(Subscribe(people()))
        await farm.outbox.ask(Subscribe(attrs.evolve(program(), user_id="ann")))
    async with farm_in(tmp_path) as farm:
        ask = farm.services.reader.ask
        await until(lambda: kept_alone(ask))
        await give(farm, "one")
        await until(lambda: logged(farm, DeliveryState.SENT))
    assert [each.channel for each in receivers.sent] == [Channel.APPRISE]


async def kept_alone(ask) -> bool:
    return [each.id for each in await ask(all_subscriptions)] == ["people"]


async def test_what_waits_outlives_the_manager_and_nothing_is_passed_on_twice(tmp_path, receivers):
    receivers.hanging = True
    async with farm_in(tmp_path) as farm:
        await farm.outbox.ask(Subscribe(people()))
        await give(farm, "one")
        await until(lambda: receivers.sent)
    receivers.hanging = False
    receivers.sent.clear()
    async with farm_in(tmp_path) as farm:
        await until(lambda: logged(farm, DeliveryState.SENT))
        await give(farm, "two")
        await until(lambda: len(receivers.sent) == 2)
    async with farm_in(tmp_path) as farm:
        await give(farm, "three")
        await until(lambda: len(receivers.sent) == 3)
    assert [each.body for each in receivers.sent] == ["one", "two", "three"]


async def test_receivers_that_hang_hold_up_neither_the_farm_nor_their_number(farm, receivers):
    receivers.hanging = True
    for number in range(6):
        await farm.outbox.ask(Subscribe(attrs.evolve(people(), id=f"hangs {number}")))
    await give(farm, "one")
    await until(lambda: len(receivers.sent) == outbox.SENT_AT_ONCE)
    await farm.outbox.ask(Subscribe(program()))
    assert len(receivers.sent) == outbox.SENT_AT_ONCE
    receivers.hanging = False
    await until(lambda: len(receivers.sent) == 6)


async def test_a_test_is_sent_at_once_and_only_once(farm, receivers):
    receivers.outcomes = [BROKEN]
    await farm.outbox.ask(Subscribe(people(gather=3600)))
    await farm.outbox.ask(SendTest("people"))
    (failed,) = await until(lambda: logged(farm, DeliveryState.GIVEN_UP))
    assert (failed.is_test, failed.reason) == (True, "it broke")
    await farm.outbox.ask(SendAgain(failed))
    (sent,) = await until(lambda: logged(farm, DeliveryState.SENT))
    assert sent.id == failed.id
    assert "test" in receivers.sent[0].title


async def test_a_subscription_that_ends_takes_along_what_waits(farm, receivers):
    await farm.outbox.ask(Subscribe(people(gather=3600)))
    await give(farm, "one")
    (waiting,) = await until(lambda: logged(farm, DeliveryState.WAITING))
    with pytest.raises(Conflict):
        await farm.outbox.ask(SendAgain(waiting))
    await farm.outbox.ask(Unsubscribe("people"))
    assert await logged(farm, DeliveryState.WAITING) == []
    for message in (Unsubscribe("people"), SendTest("people"), SendAgain(waiting)):
        with pytest.raises(NotFound):
            await farm.outbox.ask(message)
    assert receivers.sent == []


async def test_too_many_that_wait_make_room_for_the_newest(farm, receivers, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_WAITING", 2)
    receivers.outcomes = [BROKEN]
    await farm.outbox.ask(Subscribe(program()))
    await give(farm, "1", "2", "3", job="job")
    (lost,) = await until(lambda: logged(farm, DeliveryState.GIVEN_UP))
    assert [each.text for each in lost.notices] == ["1"]
    assert "make room" in lost.reason
