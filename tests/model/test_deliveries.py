"""Deliveries are tried for a day, in order where that matters, one of a receiver at a time."""

from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.deliveries import (
    MOST_TOLD,
    RETRIES,
    Delivery,
    DeliveryState,
    Outcome,
    again,
    hurried,
    joined,
    next_due,
    of_notice,
    startable,
    takes_more,
    tried,
)
from flamenco.model.notices import Notice, NoticeKind
from flamenco.model.subscriptions import Channel, Subscription

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
NOTICE = Notice(id="n", at=NOW, kind=NoticeKind.JOB_DONE, text="done", job_id="job")
PEOPLE = Subscription(id="s", name="s", channel=Channel.APPRISE, address="json://x", created=NOW)
PROGRAM = attrs.evolve(PEOPLE, channel=Channel.WEBHOOK)
FAILED = Outcome("it broke")


def made(subscription=PEOPLE, **fields) -> Delivery:
    delivery = of_notice(subscription, NOTICE, delivery_id="d", now=NOW, due=NOW)
    return attrs.evolve(delivery, **fields)


def test_what_fails_is_tried_for_a_day_and_then_given_up():
    delivery, now, tries = made(), NOW, 0
    while delivery.state is DeliveryState.WAITING:
        now, tries = delivery.due, tries + 1
        delivery = tried(delivery, FAILED, now)
    assert (delivery.state, delivery.reason) == (DeliveryState.GIVEN_UP, "it broke")
    assert tries == len(RETRIES) + 1
    assert timedelta(hours=23) < now - NOW < timedelta(hours=30)
    assert sorted(RETRIES) == list(RETRIES)


def test_what_was_sent_has_no_reason_left_and_what_is_final_is_not_tried_again():
    failed = tried(made(), FAILED, NOW)
    sent = tried(failed, Outcome(), NOW)
    assert (sent.state, sent.reason, sent.ended) == (DeliveryState.SENT, "", NOW)
    gone = tried(made(), Outcome("410", final=True), NOW)
    assert gone.state is DeliveryState.GIVEN_UP
    assert tried(made(is_test=True), FAILED, NOW).state is DeliveryState.GIVEN_UP


def test_a_delivery_that_is_sent_again_is_as_new_under_its_id():
    gone = tried(made(), Outcome("410", final=True), NOW)
    later = NOW + timedelta(days=3)
    assert again(gone, later) == attrs.evolve(made(), due=later)


def test_a_hundred_notices_are_one_delivery():
    delivery = made()
    for _ in range(99):
        assert takes_more(delivery, PEOPLE)
        delivery = joined(delivery, NOTICE)
    assert len(delivery.notices) + delivery.more == 100
    assert len(delivery.notices) == MOST_TOLD


def test_nothing_joins_what_was_tried_nor_what_goes_to_a_program():
    assert not takes_more(tried(made(), FAILED, NOW), PEOPLE)
    assert not takes_more(made(is_test=True), PEOPLE)
    assert not takes_more(made(PROGRAM), PROGRAM)
    assert not takes_more(made(subscription_id="other"), PEOPLE)


def test_what_has_failed_goes_at_once_when_the_receiver_is_back_and_quiet_hours_hold():
    failed = tried(made(), FAILED, NOW)
    assert hurried(failed, NOW).due == NOW < failed.due
    quiet = made(due=NOW + timedelta(hours=8))
    assert hurried(quiet, NOW) == quiet


deliveries = st.lists(
    st.builds(
        made,
        st.just(PROGRAM),
        subscription_id=st.sampled_from("abc"),
        topic=st.sampled_from(["", "one", "two"]),
        due=st.integers(-5, 5).map(lambda hours: NOW + timedelta(hours=hours)),
    ),
    max_size=12,
).map(lambda found: [attrs.evolve(each, id=str(place)) for place, each in enumerate(found)])


@given(deliveries, st.sets(st.sampled_from("abc")))
def test_each_receiver_gets_one_at_a_time_and_of_a_topic_the_first(waiting, busy):
    begun = list(startable(waiting, busy, NOW))
    receivers = [each.subscription_id for each in begun]
    assert len(set(receivers)) == len(receivers)
    assert not busy & set(receivers)
    for each in begun:
        assert each.due <= NOW
        earlier = waiting[: waiting.index(each)]
        same = {(other.subscription_id, other.topic) for other in earlier if other.topic}
        assert (each.subscription_id, each.topic) not in same


@given(deliveries, st.sets(st.sampled_from("abc")))
def test_the_next_time_is_that_at_which_something_begins(waiting, busy):
    at = next_due(waiting, busy)
    assert (at is not None and at <= NOW) is bool(list(startable(waiting, busy, NOW)))
    if at is not None:
        assert list(startable(waiting, busy, at))
        assert not list(startable(waiting, busy, at - timedelta(seconds=1)))
