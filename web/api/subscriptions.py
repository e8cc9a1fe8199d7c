"""Operations tagged `notices`: who hears of the farm elsewhere, and what was sent."""

import uuid

import attrs
from msgspec import UNSET

from flamenco import clock
from flamenco.api import subscriptions as api
from flamenco.manager.outbox import GetPushKey, SendAgain, SendTest, Subscribe, Unsubscribe
from flamenco.manager.refusals import NotFound, Refusal
from flamenco.model.deliveries import Delivery
from flamenco.model.notices import Notice, NoticeKind
from flamenco.model.schedules import days_text, parse_schedule, time_text
from flamenco.model.subscriptions import Channel, Jobs, Subscription, Wishes, check_template
from flamenco.notices import WrongAddress, check_address, shown_address, worded
from flamenco.notices.pushing import browser_keys
from flamenco.notices.signing import new_secret
from flamenco.store import all_subscriptions, deliveries_of, delivery_with
from web.askers import asker
from web.context import farm, reader, services
from web.operations import Id, Operations
from web.operators import demand_operator, is_operator

routes = Operations("notices")

_FOR_OPERATORS = "who hears of the whole farm is for its operator to say"


@routes.get("/notices/subscriptions")
async def fetch_subscriptions() -> api.SubscriptionList:
    """One's own subscriptions; to the operator also those of the farm."""
    return api.SubscriptionList(subscriptions=tuple(map(_shown, await _mine())))


@routes.post("/notices/subscriptions", errors=[404, 422])
async def add_subscription(body: api.SubscriptionWanted) -> api.NewSubscription:
    """Let somebody hear of notices elsewhere: by chat or mail, or a program by a webhook."""
    user = asker().user
    owner = user.id if user is not None and not body.for_farm else ""
    if not owner:
        demand_operator(_FOR_OPERATORS)
    known = await _same_browser(body, owner)
    is_webhook = body.channel is Channel.WEBHOOK
    secret = new_secret() if is_webhook else _browser_keys(body)
    made = Subscription(
        id=known.id if known else str(uuid.uuid4()),
        user_id=owner,
        name=body.name,
        channel=body.channel,
        address=_checked(body.channel, body.address),
        secret=secret,
        wishes=_wishes(body.wishes),
        created=clock.now(),
    )
    await farm().outbox.ask(Subscribe(made))
    return api.NewSubscription(subscription=_shown(made), secret=secret if is_webhook else UNSET)


async def _same_browser(body: api.SubscriptionWanted, owner: str) -> Subscription | None:
    """The subscription of a browser that has one already, which is replaced."""
    if body.channel is not Channel.PUSH:
        return None
    mine = [each for each in await _mine() if each.user_id == owner]
    return next((each for each in mine if each.address == body.address), None)


def _browser_keys(body: api.SubscriptionWanted) -> str:
    if body.channel is not Channel.PUSH:
        return ""
    if body.keys is UNSET:
        raise Refusal("keys: expected those of a browser's PushSubscription")
    try:
        return browser_keys(body.keys.p256dh, body.keys.auth).text
    except WrongAddress as error:
        raise Refusal(str(error)) from None


@routes.get("/notices/push-key")
async def fetch_push_key() -> api.PushKey:
    """The key by which a browser lets this Manager, and nobody else, send it notices."""
    return api.PushKey(key=await farm().outbox.ask(GetPushKey()))


@routes.put("/notices/subscriptions/<subscription_id>", errors=[404, 422])
async def change_subscription(subscription_id: Id, body: api.SubscriptionChange) -> None:
    """Change what is heard, and where."""
    known = await _known(subscription_id)
    address = known.address
    if body.address is not UNSET:
        address = _checked(known.channel, body.address)
    changed = attrs.evolve(known, name=body.name, address=address, wishes=_wishes(body.wishes))
    await farm().outbox.ask(Subscribe(changed))


@routes.delete("/notices/subscriptions/<subscription_id>", errors=[404])
async def remove_subscription(subscription_id: Id) -> None:
    """End a subscription; what waits for it is not sent."""
    known = await _known(subscription_id)
    await farm().outbox.ask(Unsubscribe(known.id))


@routes.post("/notices/subscriptions/<subscription_id>/test", errors=[404])
async def test_subscription(subscription_id: Id) -> None:
    """Send a test, once. The deliveries tell how it went."""
    known = await _known(subscription_id)
    await farm().outbox.ask(SendTest(known.id))


@routes.post("/notices/preview", errors=[422])
async def preview_message(body: api.TemplateToTry) -> api.MessagePreview:
    """A message as a template makes it."""
    wishes = _wishes(api.ShownWishes(template=body.template))
    now = clock.now()
    somebody = Subscription(
        id="", name="", channel=Channel.APPRISE, address="", wishes=wishes, created=now
    )
    notices = tuple(Notice(id="", at=now, kind=kind, text=text) for kind, text in _EXAMPLES)
    delivery = Delivery(id="", subscription_id="", notices=notices, created=now, due=now)
    message = worded(somebody, delivery, services().config.manager_name)
    return api.MessagePreview(title=message.title, body=message.body)


_EXAMPLES = (
    (NoticeKind.JOB_DONE, "forest is done: 250 of 250 tasks"),
    (NoticeKind.WORKER_LOST, "node-7 shows no sign of life, or reported an error"),
)


@routes.get("/notices/deliveries")
async def fetch_deliveries(query: api.DeliveriesWanted) -> api.DeliveryList:
    """Deliveries: sent, failed and why, or still waiting; the newest first."""
    mine = [each.id for each in await _mine()]
    found = await reader().ask(lambda db: deliveries_of(db, mine, query.limit))
    return api.DeliveryList(deliveries=tuple(map(_shown_delivery, found)))


@routes.post("/notices/deliveries/<delivery_id>/again", errors=[404, 409])
async def send_delivery_again(delivery_id: Id) -> None:
    """Send a delivery that has ended once more, under the same id."""
    found = await reader().look(lambda db: delivery_with(db, delivery_id))
    if found is None or found.subscription_id not in {each.id for each in await _mine()}:
        raise NotFound(f"there is no delivery {delivery_id}")
    await farm().outbox.ask(SendAgain(found))


async def _mine() -> list[Subscription]:
    """The subscriptions that the one who asks may see and change."""
    user, operates = asker().user, is_operator()
    found = await reader().ask(all_subscriptions)
    return [
        each
        for each in found
        if (user is not None and each.user_id == user.id) or (operates and not each.user_id)
    ]


async def _known(subscription_id: str) -> Subscription:
    for each in await _mine():
        if each.id == subscription_id:
            return each
    raise NotFound(f"there is no subscription {subscription_id}")


def _checked(channel: Channel, address: str) -> str:
    try:
        check_address(channel, address)
    except WrongAddress as error:
        raise Refusal(str(error)) from None
    return address


def _wishes(shown: api.ShownWishes) -> Wishes:
    quiet = api.QuietHours() if shown.quiet is UNSET else shown.quiet
    if shown.jobs is Jobs.TAG and shown.tag is UNSET:
        raise Refusal("tag: expected the worker tag of the jobs")
    try:
        check_template(shown.template)
        schedule = parse_schedule(
            shown.quiet is not UNSET, quiet.days, quiet.start, quiet.end, quiet.timezone
        )
    except ValueError as error:
        raise Refusal(str(error)) from None
    return Wishes(
        kinds=tuple(dict.fromkeys(shown.kinds)),
        jobs=shown.jobs,
        tag_id="" if shown.tag is UNSET else shown.tag,
        gather=shown.gather,
        quiet=schedule,
        template=shown.template,
        picture=shown.picture,
    )


def _shown(subscription: Subscription) -> api.ShownSubscription:
    wishes = subscription.wishes
    quiet = api.QuietHours(
        start=time_text(wishes.quiet.start),
        end=time_text(wishes.quiet.end),
        days=days_text(wishes.quiet),
        timezone=wishes.quiet.timezone or "",
    )
    return api.ShownSubscription(
        id=subscription.id,
        name=subscription.name,
        channel=subscription.channel,
        address=shown_address(subscription.channel, subscription.address),
        for_farm=not subscription.user_id,
        wishes=api.ShownWishes(
            kinds=wishes.kinds,
            jobs=wishes.jobs,
            tag=wishes.tag_id or UNSET,
            gather=wishes.gather,
            quiet=quiet if wishes.quiet.is_active else UNSET,
            template=wishes.template,
            picture=wishes.picture,
        ),
        created=subscription.created,
    )


def _shown_delivery(delivery: Delivery) -> api.ShownDelivery:
    return api.ShownDelivery(
        id=delivery.id,
        subscription_id=delivery.subscription_id,
        state=delivery.state,
        text=delivery.notices[0].text if delivery.notices else "",
        notices=len(delivery.notices) + delivery.more,
        is_test=delivery.is_test,
        created=delivery.created,
        due=delivery.due,
        attempts=delivery.attempts,
        reason=delivery.reason or UNSET,
        ended=delivery.ended or UNSET,
    )
