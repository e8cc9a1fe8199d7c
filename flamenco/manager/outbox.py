"""The actor that sends notices out: to whom, from a durable outbox, whatever the receivers do."""

import logging
import uuid
from functools import partial

import attrs

import actors
from flamenco import clock
from flamenco.api.events import EventNotice
from flamenco.logs import job_folder
from flamenco.manager.people import UserLeft
from flamenco.manager.refusals import Conflict, NotFound, Refusal
from flamenco.manager.services import Services
from flamenco.model.deliveries import (
    MOST_WAITING,
    Delivery,
    DeliveryState,
    Outcome,
    again,
    given_up,
    hurried,
    joined,
    next_due,
    of_notice,
    startable,
    takes_more,
    tried,
)
from flamenco.model.notices import Notice, NoticeKind
from flamenco.model.schedules import local_zone
from flamenco.model.subscriptions import (
    MOST_SUBSCRIPTIONS,
    Channel,
    Subscription,
    concerns,
    due,
)
from flamenco.notices import send
from flamenco.notices.composing import sending_of
from flamenco.notices.pushing import new_signing_key, public_key
from flamenco.store import (
    DeleteSubscription,
    KeepPushKey,
    Passed,
    PutDelivery,
    PutSubscription,
    all_subscriptions,
    all_users,
    newest_picture_of,
    notices_to_pass,
    passed,
    push_key,
    waiting_deliveries,
)

logger = logging.getLogger(__name__)

SENT_AT_ONCE = 4
"""Maximum number of deliveries that are tried at a time, each by a process."""

PASSED_AT_ONCE = 200
"""Maximum number of notices that are passed on in a transaction."""

LOOK_SECONDS = 600.0
"""Maximum seconds until the clock is looked at again, which may be corrected meanwhile."""

CROWDED_OUT = "it had to make room: too many wait for this receiver"


@attrs.frozen
class Subscribe(actors.Request[None]):
    """A subscription is new, or has changed."""

    subscription: Subscription


@attrs.frozen
class Unsubscribe(actors.Request[None]):
    """A subscription ends, and what is on its way there."""

    subscription_id: str


@attrs.frozen
class GetPushKey(actors.Request[str]):
    """Request for the public key that browsers ask for; the first one makes it."""


@attrs.frozen
class SendTest(actors.Request[None]):
    """A test is wanted."""

    subscription_id: str


@attrs.frozen
class SendAgain(actors.Request[None]):
    """A delivery that has ended is wanted once more."""

    delivery: Delivery


@attrs.frozen
class NoticesCame:
    """There may be notices that were not passed on."""


@attrs.frozen
class TimeToSend:
    """A delivery is due."""


@attrs.frozen
class Attempted:
    """An attempt at a delivery is over."""

    delivery_id: str
    outcome: Outcome


class Outbox(actors.Actor):
    """The owner of subscriptions and deliveries.

    It reads notices from the database, behind a mark that moves in the transaction in which their
    deliveries are written: so none is lost, however the Manager ends.
    """

    replies_with = (Refusal,)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._subscriptions: dict[str, Subscription] = {}
        self._waiting: dict[str, Delivery] = {}  # in the order in which they were made
        self._trying: dict[str, str] = {}  # {delivery id: subscription id}
        self._passed = 0
        self._push_key = ""
        self._timer: actors.Timer | None = None

    async def started(self) -> None:
        """Read what is there; what can't be read is left alone."""
        ask = self._services.reader.ask
        subscriptions = await ask(all_subscriptions)
        self._subscriptions = {
            each.id: each for each in subscriptions if each.id not in subscriptions.unreadable
        }
        waiting = await ask(waiting_deliveries)
        self._waiting = {
            each.id: each
            for each in waiting
            if each.subscription_id in self._subscriptions and each.id not in waiting.unreadable
        }
        self._passed = await ask(passed)
        self._push_key = await ask(push_key)
        self.start_soon(self._hear, self.ref)
        people = {user.id for user in await ask(all_users) if not user.disabled}
        for user_id in {each.user_id for each in self._subscriptions.values()} - people - {""}:
            self.tell(self.ref, UserLeft(user_id))  # while nobody heard it here
        self.tell(self.ref, NoticesCame())

    async def _hear(self, me: actors.ActorRef) -> None:
        async with self.system.events.subscribe(EventNotice, UserLeft) as events:
            async for each in events:
                await me.send(NoticesCame() if isinstance(each, EventNotice) else each)

    # Subscriptions

    @actors.handles(Subscribe)
    def subscribe(self, message: Subscribe) -> None:
        """Let a subscription count."""
        wanted = message.subscription
        if wanted.id not in self._subscriptions and len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            raise Refusal(f"there are {MOST_SUBSCRIPTIONS} subscriptions; remove one first")
        if wanted.channel is Channel.PUSH:
            self._have_push_key()
        self._subscriptions[wanted.id] = wanted
        self.record(PutSubscription(wanted))

    @actors.handles(Unsubscribe)
    def unsubscribe(self, message: Unsubscribe) -> None:
        """Forget a subscription, with what waits for it."""
        self._forget(self._subscription(message.subscription_id))

    @actors.handles(UserLeft)
    def user_left(self, message: UserLeft) -> None:
        """Forget the subscriptions of a user."""
        for each in list(self._subscriptions.values()):
            if each.user_id == message.user_id:
                self._forget(each)

    @actors.handles(GetPushKey)
    def get_push_key(self, _: GetPushKey) -> str:
        """The public key, which stays: browsers take messages only under the one that they know."""
        self._have_push_key()
        return public_key(self._push_key)

    def _have_push_key(self) -> None:
        if not self._push_key:
            self._push_key = new_signing_key()
            self.record(KeepPushKey(self._push_key))

    def _forget(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.id]
        for each in list(self._waiting.values()):
            if each.subscription_id == subscription.id:
                del self._waiting[each.id]
        self.record(DeleteSubscription(subscription.id))

    def _subscription(self, subscription_id: str) -> Subscription:
        found = self._subscriptions.get(subscription_id)
        if found is None:
            raise NotFound(f"there is no subscription {subscription_id}")
        return found

    # What is sent

    @actors.handles(NoticesCame)
    async def pass_on(self, _: NoticesCame) -> None:
        """Give each notice to those whom it concerns."""
        after = self._passed
        found = await self._services.reader.ask(
            lambda db: notices_to_pass(db, after, PASSED_AT_ONCE)
        )
        for each in found:
            for subscription in self._subscriptions.values():
                if concerns(subscription, each.notice, each.owner, each.tag):
                    self._add(subscription, each.notice)
        if found:
            self._passed = found[-1].number
            if self._subscriptions:  # who subscribes later hears of nothing from before
                self.record(Passed(self._passed))
            self.tell(self.ref, NoticesCame())
        self._go_on()

    def _add(self, subscription: Subscription, notice: Notice) -> None:
        mine = [each for each in self._waiting.values() if each.subscription_id == subscription.id]
        last = mine[-1] if mine else None
        if last and last.id not in self._trying and takes_more(last, subscription):
            self._put(joined(last, notice))
            return
        now = clock.now()
        if len(mine) >= MOST_WAITING:
            oldest = next(each for each in mine if each.id not in self._trying)
            self._put(given_up(oldest, CROWDED_OUT, now))
        at = due(subscription, now, local_zone())
        self._put(of_notice(subscription, notice, delivery_id=str(uuid.uuid4()), now=now, due=at))

    @actors.handles(SendTest)
    def send_test(self, message: SendTest) -> None:
        """Send a notice that says it is none, at once."""
        subscription, now = self._subscription(message.subscription_id), clock.now()
        text = f"{subscription.name} hears of this farm"
        notice = Notice(id=str(uuid.uuid4()), at=now, kind=NoticeKind.JOB_DONE, text=text)
        made = of_notice(subscription, notice, delivery_id=str(uuid.uuid4()), now=now, due=now)
        self._put(attrs.evolve(made, is_test=True))
        self._go_on()

    @actors.handles(SendAgain)
    def send_again(self, message: SendAgain) -> None:
        """Send a delivery that has ended once more, under the same id."""
        self._subscription(message.delivery.subscription_id)
        if message.delivery.id in self._waiting:
            raise Conflict("it waits to be sent already")
        self._put(again(message.delivery, clock.now()))
        self._go_on()

    def _put(self, delivery: Delivery) -> None:
        self.record(PutDelivery(delivery))
        if delivery.state is DeliveryState.WAITING:
            self._waiting[delivery.id] = delivery
        else:
            self._waiting.pop(delivery.id, None)

    # Attempts

    @actors.handles(TimeToSend)
    def time_to_send(self, _: TimeToSend) -> None:
        """Try what is due."""
        self._go_on()

    def _go_on(self) -> None:
        """Begin the attempts that are due, as far as there is room, and see to the next ones."""
        now, waiting = clock.now(), list(self._waiting.values())
        for each in startable(waiting, set(self._trying.values()), now):
            if len(self._trying) < SENT_AT_ONCE:
                self._try(each)
        if self._timer is not None:
            self._timer.cancel()
        at = next_due(waiting, set(self._trying.values()))
        if at is not None and len(self._trying) < SENT_AT_ONCE:
            seconds = max(0.0, (at - now).total_seconds())
            self._timer = self.after(min(seconds, LOOK_SECONDS), TimeToSend())

    def _try(self, delivery: Delivery) -> None:
        subscription = self._subscriptions[delivery.subscription_id]
        self._trying[delivery.id] = subscription.id
        self.start_soon(
            self._attempt,
            subscription,
            delivery,
            done=partial(Attempted, delivery.id),
            failed=lambda error: Attempted(delivery.id, Outcome(repr(error))),
        )

    async def _attempt(self, subscription: Subscription, delivery: Delivery) -> Outcome:
        config = self._services.config
        wants_picture = subscription.channel is Channel.APPRISE
        sending = sending_of(
            subscription,
            delivery,
            farm=config.manager_name,
            allowed=config.outgoing.allowed_networks,
            push_key=self._push_key,
            picture=await self._picture(subscription, delivery) if wants_picture else "",
        )
        return await send(sending)

    async def _picture(self, subscription: Subscription, delivery: Delivery) -> str:
        """The newest picture of the last job, empty if there is none or none is wanted."""
        job_id = next((each.job_id for each in reversed(delivery.notices) if each.job_id), "")
        if not job_id or not subscription.wishes.picture:
            return ""
        found = await self._services.reader.ask(lambda db: newest_picture_of(db, job_id))
        if found is None:
            return ""
        return str(self._services.pictures.path(job_folder(job_id), found.name, "large"))

    @actors.handles(Attempted)
    def attempted(self, message: Attempted) -> None:
        """Note how an attempt went; what else waits for a receiver that is there goes at once."""
        self._trying.pop(message.delivery_id, None)
        delivery, now = self._waiting.get(message.delivery_id), clock.now()
        if delivery is not None and message.outcome.gone:
            gone = self._subscriptions[delivery.subscription_id]
            logger.info("%s takes no more notices, and is removed", gone.name)
            self._forget(gone)
        elif delivery is not None:
            after = tried(delivery, message.outcome, now)
            self._put(after)
            name = self._subscriptions[delivery.subscription_id].name
            if after.state is DeliveryState.SENT:
                for each in list(self._waiting.values()):
                    if each.subscription_id == delivery.subscription_id:
                        self._waiting[each.id] = hurried(each, now)
            else:
                logger.warning("a notice did not reach %s: %s", name, message.outcome.reason)
        self._go_on()
