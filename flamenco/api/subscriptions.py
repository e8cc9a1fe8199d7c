"""Wire classes of subscriptions to notices, and of what was sent. Not in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.model.bounds import Count, Few, Time, Uuid, Word
from flamenco.model.deliveries import DeliveryState
from flamenco.model.notices import NoticeKind
from flamenco.model.subscriptions import Channel, Jobs

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Address = Annotated[str, Meta(min_length=1, max_length=2000)]
Template = Annotated[str, Meta(min_length=1, max_length=1000)]
Gather = Annotated[int, Meta(ge=0, le=86_400)]
TimeOfDay = Annotated[str, Meta(max_length=5)]
"""HH:MM, or empty."""
Limit = Annotated[int, Meta(ge=1, le=1000)]


@attrs.frozen(kw_only=True)
class QuietHours:
    """Times at which nothing is sent."""

    start: TimeOfDay = ""
    """Empty: the start of the day."""
    end: TimeOfDay = ""
    """Empty: the end of the day. If not after ``start``: on the next day."""
    days: Word = ""
    """Days on which they begin, such as `mo tu we`; empty: every day."""
    timezone: Word = ""
    """Name such as Europe/Berlin; empty: the Manager's."""


@attrs.frozen(kw_only=True)
class ShownWishes:
    """Notices that are wanted, and when and how they are told."""

    kinds: Few[NoticeKind] = ()
    """Empty: all."""
    jobs: Jobs = Jobs.ALL
    """Of the notices that are about a job."""
    tag: Uuid | UnsetType = UNSET
    """Worker tag of the jobs, where `jobs` is `tag`."""
    gather: Gather = 60
    """Seconds in which further notices join the first one; a webhook gets each by itself."""
    quiet: QuietHours | UnsetType = UNSET
    template: Template = "$text"
    """Line about a notice, with `$text`, `$kind`, `$time` and `$farm`."""
    picture: bool = False
    """True if the newest picture of the job comes along, where the channel takes one."""


@attrs.frozen(kw_only=True)
class PushKeys:
    """Keys of a browser's PushSubscription, in base64url."""

    p256dh: Word
    auth: Word = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class PushKey:
    key: Word
    """Public key of this Manager, which a browser asks for when it subscribes (RFC 8292)."""


@attrs.frozen(kw_only=True)
class SubscriptionWanted:
    """A new subscription."""

    name: Name
    channel: Channel
    address: Address = attrs.field(repr=False)
    """Address as Apprise writes them, the URL of a webhook, or the endpoint of a browser."""
    keys: PushKeys | UnsetType = attrs.field(default=UNSET, repr=False)
    """Of a browser."""
    for_farm: bool = False
    """True if it is the farm's and not a user's, which is for operators."""
    wishes: ShownWishes = attrs.field(factory=ShownWishes)


@attrs.frozen(kw_only=True)
class SubscriptionChange:
    name: Name
    address: Address | UnsetType = attrs.field(default=UNSET, repr=False)
    """Left out: as it was."""
    wishes: ShownWishes


@attrs.frozen(kw_only=True)
class ShownSubscription:
    """Somebody who hears of notices."""

    id: Uuid
    name: Name
    channel: Channel
    address: Address
    """Its beginning: the rest may hold passwords."""
    for_farm: bool
    wishes: ShownWishes
    created: Time


@attrs.frozen(kw_only=True)
class NewSubscription:
    subscription: ShownSubscription
    secret: Word | UnsetType = attrs.field(default=UNSET, repr=False)
    """Key of a webhook's signatures, which is told this once."""


@attrs.frozen(kw_only=True)
class SubscriptionList:
    subscriptions: tuple[ShownSubscription, ...]
    """Those that one may change."""


@attrs.frozen(kw_only=True)
class TemplateToTry:
    template: Template


@attrs.frozen(kw_only=True)
class MessagePreview:
    """A message as a person would read it."""

    title: str
    body: str


@attrs.frozen(kw_only=True)
class DeliveriesWanted:
    """Query string: the newest deliveries."""

    limit: Limit = 100


@attrs.frozen(kw_only=True)
class ShownDelivery:
    """Notices that are told together, and how far they are."""

    id: Uuid
    subscription_id: Uuid
    state: DeliveryState
    text: str
    """The first notice."""
    notices: Count
    """Number of notices."""
    is_test: bool
    created: Time
    due: Time
    """Time of the next attempt, or of the last one."""
    attempts: Count
    reason: str | UnsetType = UNSET
    """Why the last attempt failed."""
    ended: Time | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class DeliveryList:
    deliveries: tuple[ShownDelivery, ...]
    """The newest first."""
