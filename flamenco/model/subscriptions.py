"""Subscriptions: to whom notices are sent, which of them, and when."""

from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from string import Template

import attrs

from flamenco.model.notices import Notice, NoticeKind
from flamenco.model.schedules import SleepSchedule, next_change, wants_sleep

MOST_SUBSCRIPTIONS = 200
"""Maximum number of subscriptions of a farm."""


class Channel(StrEnum):
    """Ways by which notices leave the farm."""

    APPRISE = "apprise"
    """To people: chat, mail and the like, as the address says."""
    WEBHOOK = "webhook"
    """To a program: a signed request by the specification Standard Webhooks."""
    PUSH = "push"
    """To a browser, by its maker's push service."""

    @property
    def is_for_people(self) -> bool:
        """True if many notices are told at once, in words."""
        return self is not Channel.WEBHOOK


class Jobs(StrEnum):
    """Jobs whose notices are wanted."""

    ALL = "all"
    MINE = "mine"
    """Those that the subscription's user has submitted."""
    TAG = "tag"
    """Those with the subscription's worker tag."""


@attrs.frozen(kw_only=True)
class Wishes:
    """Notices that are wanted, and when and how they are told."""

    kinds: tuple[NoticeKind, ...] = ()
    """Empty: all."""
    jobs: Jobs = Jobs.ALL
    """Of the notices that are about a job."""
    tag_id: str = ""
    gather: int = 60
    """Seconds in which further notices join the first one. A webhook gets each by itself."""
    quiet: SleepSchedule = attrs.field(factory=SleepSchedule)
    """Times at which nothing is sent; what there was is told at their end."""
    template: str = "$text"
    """Line about a notice, see `FIELDS`."""
    picture: bool = False
    """True if the newest picture of the job comes along, where the channel takes one."""


@attrs.frozen(kw_only=True)
class Subscription:
    """Somebody who hears of notices."""

    id: str
    user_id: str = ""
    """User whose it is; empty: the farm's."""
    name: str
    channel: Channel
    address: str = attrs.field(repr=False)
    """Address as Apprise writes them, the webhook's, or the browser's. It may hold passwords."""
    secret: str = attrs.field(default="", repr=False)
    """Key by which a webhook's messages are signed, as `whsec_` and base64; or the keys of a
    browser, for which messages are encrypted."""
    wishes: Wishes = attrs.field(factory=Wishes)
    created: datetime


def concerns(subscription: Subscription, notice: Notice, owner: str, tag: str) -> bool:
    """True if a notice is wanted; ``owner`` and ``tag`` are those of its job, if it has one.

    Nobody hears of what was before the subscription.
    """
    wishes = subscription.wishes
    if notice.at < subscription.created or (wishes.kinds and notice.kind not in wishes.kinds):
        return False
    if not notice.job_id or wishes.jobs is Jobs.ALL:
        return True
    if wishes.jobs is Jobs.TAG:
        return bool(tag) and tag == wishes.tag_id
    return bool(owner) and owner == subscription.user_id


def due(subscription: Subscription, now: datetime, zone: tzinfo) -> datetime:
    """Time at which what happens now is told."""
    gathers = subscription.channel.is_for_people
    return after_quiet(
        subscription.wishes.quiet,
        now + timedelta(seconds=subscription.wishes.gather if gathers else 0),
        zone,
    )


def after_quiet(quiet: SleepSchedule, at: datetime, zone: tzinfo) -> datetime:
    """A time, or the end of the quiet hours in which it lies."""
    try:
        is_quiet = wants_sleep(quiet, at, zone)
        return (next_change(quiet, at, zone) or at) if is_quiet else at
    except ValueError:  # of a time zone that this machine does not know any more
        return at


FIELDS = ("text", "kind", "time", "farm")
"""Names that stand in a template, each behind a `$`."""


def check_template(template: str) -> None:
    """Raises ValueError, with a sentence, of a template that can't be filled in."""
    made = Template(template)
    unknown = sorted(set(made.get_identifiers()) - set(FIELDS))
    if unknown or not made.is_valid():
        known = ", ".join(f"${name}" for name in FIELDS)
        wrong = f"${unknown[0]}" if unknown else "a lone $"
        raise ValueError(f"template: expected {known}, and $$ for a dollar, not {wrong}")
