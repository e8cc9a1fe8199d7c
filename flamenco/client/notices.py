"""Operations on notices: what there is, who hears of it elsewhere, and what was sent."""

from flamenco.api import subscriptions as wire
from flamenco.api.notices import NoticeList, NoticesRead, NoticesWanted
from flamenco.client.calls import Call, get, nothing, operation, post, send

SUBSCRIPTIONS = "notices/subscriptions"


class NoticeOperations:
    """Operations on a Manager's notices."""

    @operation
    def notices(self, wanted: NoticesWanted) -> Call[NoticeList]:
        """Notices for people, the newest first."""
        return get("notices", NoticeList, wanted)

    @operation
    def mark_notices_read(self, read: NoticesRead) -> Call[None]:
        """Note that the notices up to a time were read in a browser."""
        return post("notices/read", read)

    @operation
    def subscriptions(self) -> Call[wire.SubscriptionList]:
        """The subscriptions that one may change."""
        return get(SUBSCRIPTIONS, wire.SubscriptionList)

    @operation
    def add_subscription(self, wanted: wire.SubscriptionWanted) -> Call[wire.NewSubscription]:
        """A new subscription, with the secret of a webhook."""
        return send(SUBSCRIPTIONS, wanted, wire.NewSubscription)

    @operation
    def push_key(self) -> Call[wire.PushKey]:
        """The key by which a browser lets the Manager send it notices."""
        return get("notices/push-key", wire.PushKey)

    @operation
    def change_subscription(self, subscription_id: str, to: wire.SubscriptionChange) -> Call[None]:
        """Change what is heard, and where."""
        return Call("PUT", f"{SUBSCRIPTIONS}/{subscription_id}", nothing, body=to)

    @operation
    def remove_subscription(self, subscription_id: str) -> Call[None]:
        """End a subscription; what waits for it is not sent."""
        return Call("DELETE", f"{SUBSCRIPTIONS}/{subscription_id}", nothing)

    @operation
    def test_subscription(self, subscription_id: str) -> Call[None]:
        """Send a test, once."""
        return post(f"{SUBSCRIPTIONS}/{subscription_id}/test", None)

    @operation
    def preview_message(self, template: wire.TemplateToTry) -> Call[wire.MessagePreview]:
        """A message as a template makes it."""
        return send("notices/preview", template, wire.MessagePreview)

    @operation
    def deliveries(self, wanted: wire.DeliveriesWanted) -> Call[wire.DeliveryList]:
        """Deliveries: sent, failed and why, or still waiting; the newest first."""
        return get("notices/deliveries", wire.DeliveryList, wanted)

    @operation
    def send_delivery_again(self, delivery_id: str) -> Call[None]:
        """Send a delivery that has ended once more, under the same id."""
        return post(f"notices/deliveries/{delivery_id}/again", None)
