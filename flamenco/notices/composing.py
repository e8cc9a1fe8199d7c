"""Messages as the process that sends takes them."""

import socket
from collections.abc import Sequence
from functools import partial

from flamenco import clock
from flamenco.model.deliveries import Delivery
from flamenco.model.subscriptions import Channel, Subscription
from flamenco.notices.pushing import push_headers
from flamenco.notices.sending import Sending
from flamenco.notices.signing import headers
from flamenco.notices.wording import event, pushed, worded


def sending_of(
    subscription: Subscription,
    delivery: Delivery,
    *,
    farm: str,
    allowed: Sequence[object],
    push_key: str,
    picture: str = "",
) -> Sending:
    """The next attempt at a delivery, with ``allowed`` private networks."""
    address, secret = subscription.address, subscription.secret
    if subscription.channel is Channel.WEBHOOK:
        return webhook(address, secret, delivery.id, event(delivery, farm), allowed)
    make = partial(
        Sending, channel=subscription.channel, address=address, allowed=tuple(map(str, allowed))
    )
    message = worded(subscription, delivery, farm)
    if subscription.channel is Channel.PUSH:
        contact = f"mailto:flamenco@{socket.gethostname()}"
        told = push_headers(address, push_key, contact, _seconds())
        return make(body=pushed(delivery, message), headers=told, keys=secret)
    return make(title=message.title, body=message.body, picture=picture)


def webhook(
    address: str, secret: str, message_id: str, body: str, allowed: Sequence[object]
) -> Sending:
    """A message to a program, signed by the specification Standard Webhooks."""
    return Sending(
        channel=Channel.WEBHOOK,
        address=address,
        body=body,
        headers=headers(secret, message_id, _seconds(), body),
        allowed=tuple(map(str, allowed)),
    )


def _seconds() -> int:
    return int(clock.now().timestamp())
