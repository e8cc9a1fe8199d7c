"""Deliveries: notices on their way to a subscription, when they are tried, and how they end."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from flamenco.model.bounds import cut
from flamenco.model.notices import Notice
from flamenco.model.subscriptions import Subscription

MOST_TOLD = 50
"""Maximum number of notices in a delivery, of more only the number is told."""

MOST_WAITING = 500
"""Maximum number of deliveries of a subscription that wait; the oldest makes room."""

LONGEST_REASON = 1000

RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 7200, 14400, 28800, 36000)
)
"""Pauses before further attempts, a good day together (Standard Webhooks, "Deliverability")."""


class DeliveryState(StrEnum):
    """States of a delivery."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given-up"


@attrs.frozen(kw_only=True)
class Delivery:
    """Notices that are told together."""

    id: str
    """The same in all attempts, so that a webhook knows what it has had."""
    subscription_id: str
    topic: str = ""
    """Job or worker whose notices come in order; empty: the order does not matter."""
    notices: tuple[Notice, ...]
    more: int = 0
    """Number of notices that are left out."""
    is_test: bool = False
    created: datetime
    due: datetime
    attempts: int = 0
    state: DeliveryState = DeliveryState.WAITING
    reason: str = ""
    """Why the last attempt failed; empty of one that did not."""
    ended: datetime | None = None


@attrs.frozen
class Outcome:
    """How an attempt went."""

    reason: str = ""
    """Why it failed; empty: it did not."""
    final: bool = False
    """True if no further attempt can help: the receiver wants no more, or the address is wrong."""
    gone: bool = False
    """True if the browser has ended its subscription."""

    @property
    def sent(self) -> bool:
        return not self.reason


def of_notice(
    subscription: Subscription, notice: Notice, *, delivery_id: str, now: datetime, due: datetime
) -> Delivery:
    """A new delivery."""
    ordered = not subscription.channel.is_for_people
    return Delivery(
        id=delivery_id,
        subscription_id=subscription.id,
        topic=(notice.job_id or notice.worker_id) if ordered else "",
        notices=(notice,),
        created=now,
        due=due,
    )


def takes_more(delivery: Delivery, subscription: Subscription) -> bool:
    """True if another notice may join: people are told of many at once, before the first try."""
    return (
        subscription.channel.is_for_people
        and delivery.subscription_id == subscription.id
        and not delivery.attempts
        and not delivery.is_test
    )


def joined(delivery: Delivery, notice: Notice) -> Delivery:
    """A delivery with one more notice."""
    if len(delivery.notices) >= MOST_TOLD:
        return attrs.evolve(delivery, more=delivery.more + 1)
    return attrs.evolve(delivery, notices=(*delivery.notices, notice))


def tried(delivery: Delivery, outcome: Outcome, now: datetime) -> Delivery:
    """A delivery after an attempt: it has ended, or there will be another one. A test has one."""
    attempts = delivery.attempts + 1
    after = attrs.evolve(delivery, attempts=attempts, reason=cut(outcome.reason, LONGEST_REASON))
    if outcome.sent:
        return attrs.evolve(after, state=DeliveryState.SENT, reason="", ended=now)
    if outcome.final or delivery.is_test or attempts > len(RETRIES):
        return given_up(after, after.reason, now)
    return attrs.evolve(after, due=now + RETRIES[attempts - 1])


def given_up(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    """A delivery that will not be tried again."""
    return attrs.evolve(delivery, state=DeliveryState.GIVEN_UP, reason=reason, ended=now)


def again(delivery: Delivery, now: datetime) -> Delivery:
    """A delivery that is sent once more, as if it was new; its id stays."""
    waiting = DeliveryState.WAITING
    return attrs.evolve(delivery, due=now, attempts=0, state=waiting, reason="", ended=None)


def hurried(delivery: Delivery, now: datetime) -> Delivery:
    """A delivery that has failed, as its receiver is there again."""
    return attrs.evolve(delivery, due=min(delivery.due, now)) if delivery.attempts else delivery


def startable(
    waiting: Iterable[Delivery], busy: Collection[str], now: datetime
) -> Iterator[Delivery]:
    """The deliveries that may be tried now, given in the order in which they were made.

    One of a subscription at a time, ``busy`` are those that are tried; none of a topic before an
    earlier one has ended.
    """
    busy, topics = set(busy), set[tuple[str, str]]()
    for each in waiting:
        topic = (each.subscription_id, each.topic)
        is_later = bool(each.topic) and topic in topics
        topics.add(topic)
        if not is_later and each.subscription_id not in busy and each.due <= now:
            busy.add(each.subscription_id)
            yield each


def next_due(waiting: Iterable[Delivery], busy: Collection[str]) -> datetime | None:
    """Time of the next attempt, as far as it does not wait for the end of another one."""
    topics = set[tuple[str, str]]()
    times = []
    for each in waiting:
        topic = (each.subscription_id, each.topic)
        if each.subscription_id not in busy and not (each.topic and topic in topics):
            times.append(each.due)
        topics.add(topic)
    return min(times, default=None)
