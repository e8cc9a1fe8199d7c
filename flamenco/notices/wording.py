"""Words of deliveries: what people read, what programs get, and how an address is shown."""

import json
from collections import Counter
from string import Template
from urllib.parse import urlsplit

import attrs

from flamenco.model.bounds import cut
from flamenco.model.deliveries import Delivery
from flamenco.model.notices import Notice
from flamenco.model.subscriptions import Channel, Subscription

LINES = 20
"""Maximum number of notices that a message tells one by one."""

LONGEST_LINE = 2000
LONGEST_TITLE, LONGEST_PUSHED = 100, 400
"""Maximum characters that a browser is told: up to six bytes each, of the 4 KiB of a message."""

LOCAL = frozenset(
    {"dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows", "wslnotify"}
)
"""Schemes of Apprise that tell the Manager's own machine, and not people."""


class WrongAddress(ValueError):
    """An address to which nothing can be sent; the text says what is wrong."""


@attrs.frozen
class Message:
    """A delivery in words."""

    title: str
    body: str


def worded(subscription: Subscription, delivery: Delivery, farm: str) -> Message:
    """Words for a person."""
    template = Template(subscription.wishes.template)
    lines = [_line(template, notice, farm) for notice in delivery.notices[:LINES]]
    left = len(delivery.notices) - len(lines) + delivery.more
    if left:
        lines.append(f"… and {left} more")
    return Message(_title(delivery, farm), "\n".join(lines))


def _title(delivery: Delivery, farm: str) -> str:
    if delivery.is_test:
        return f"{farm}: test"
    many = len(delivery.notices) + delivery.more
    if many == 1:
        return f"{farm}: {_words(delivery.notices[0])}"
    counts = Counter(map(_words, delivery.notices))
    told = ", ".join(f"{number} {words}" for words, number in counts.most_common())
    return f"{farm}: {many} notices ({told})"


def _words(notice: Notice) -> str:
    return notice.kind.value.replace("-", " ")


def _line(template: Template, notice: Notice, farm: str) -> str:
    fields = {
        "text": notice.text,
        "kind": _words(notice),
        "time": notice.at.isoformat(" ", "seconds"),
        "farm": farm,
    }
    return cut(template.safe_substitute(fields), LONGEST_LINE)


def pushed(delivery: Delivery, message: Message) -> str:
    """JSON for a browser: what it shows, and the place of the page that a click leads to."""
    last = delivery.notices[-1]
    path = "jobs/" + last.job_id if last.job_id else f"workers/{last.worker_id}".rstrip("/")
    fields = {"title": cut(message.title, LONGEST_TITLE), "body": cut(message.body, LONGEST_PUSHED)}
    told = {**fields, "path": path if last.job_id or last.worker_id else ""}
    return json.dumps(told, ensure_ascii=False)


def event(delivery: Delivery, farm: str) -> str:
    """JSON for a program; its type is the notice's kind as `job.failed`."""
    (notice,) = delivery.notices
    subject, _, what = notice.kind.value.partition("-")
    fields = {
        "id": notice.id,
        "kind": notice.kind.value,
        "text": notice.text,
        "farm": farm,
        "job_id": notice.job_id,
        "worker_id": notice.worker_id,
    }
    return json.dumps(
        {
            "type": "test" if delivery.is_test else f"{subject}.{what.replace('-', '_')}",
            "timestamp": notice.at.isoformat(),
            "data": {name: value for name, value in fields.items() if value},
        }
    )


def check_address(channel: Channel, address: str) -> None:
    """Raises `WrongAddress` of one to which nothing can be sent, as far as its form tells."""
    scheme, separator, rest = address.partition("://")
    if channel is Channel.PUSH:
        if scheme.lower() != "https" or not _host(address):
            raise WrongAddress("address: expected the endpoint of a browser's PushSubscription")
    elif channel is Channel.WEBHOOK:
        if scheme.lower() not in ("https", "http") or not _host(address):
            raise WrongAddress(
                "address: expected https://HOST/PATH, or http:// in one's own network"
            )
    elif not separator or not rest or not scheme.isascii() or any(map(str.isspace, address)):
        raise WrongAddress("address: expected one as Apprise writes them, such as mailto://…")
    elif scheme.lower() in LOCAL:
        raise WrongAddress(f"address: {scheme}:// would tell the Manager's machine, not people")


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def shown_address(channel: Channel, address: str) -> str:
    """An address without what may be a password: paths and names are tokens with many services."""
    scheme = address.partition("://")[0]
    host = "" if channel is Channel.APPRISE else _host(address)
    return f"{scheme}://{host}{'/' if host else ''}…"
