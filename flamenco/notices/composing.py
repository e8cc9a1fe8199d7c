"""Deliveries as the process that sends takes them."""

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
    make = partial(
        Sending,
        channel=subscription.channel,
        address=subscription.address,
        allowed=tuple(map(str, allowed)),
    )
    address, secret, now = subscription.address, subscription.secret, int(clock.now().timestamp())
    if subscription.channel is Channel.WEBHOOK:
        body = event(delivery, farm)
        return make(body=body, headers=headers(secret, delivery.id, now, body))
    message = worded(subscription, delivery, farm)
    if subscription.channel is Channel.PUSH:
        contact = f"mailto:flamenco@{socket.gethostname()}"
        told = push_headers(address, push_key, contact, now)
        return make(body=pushed(delivery, message), headers=told, keys=secret)
    return make(title=message.title, body=message.body, picture=picture)
