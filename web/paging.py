"""Pages of lists, as query strings ask for them.

Where the next page begins goes out as a text that says nothing to people: the order, and the sort
key and id of the last row.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Protocol, TypedDict, TypeVar

import attrs
import msgspec

from flamenco.manager.refusals import Refusal
from flamenco.model.lists import Mark, Order, Paging
from flamenco.store import Page

T = TypeVar("T", bound=attrs.AttrsInstance)


class Wanted(Protocol):
    """What the query strings of all lists have."""

    @property
    def sort(self) -> str: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def after(self) -> str: ...
    @property
    def count(self) -> bool: ...


class Rest(TypedDict, total=False):
    """What a page says of the whole list."""

    next: str
    total: int


@attrs.frozen
class _Place:
    sort: str
    mark: Mark


def paging(wanted: Wanted) -> Paging:
    """The page that was asked for. Raises `Refusal` if it begins nowhere."""
    after = _mark(wanted.after, wanted.sort) if wanted.after else None
    order = Order.of(wanted.sort)
    return Paging(order=order, limit=wanted.limit, after=after, count=wanted.count)


def _mark(text: str, sort: str) -> Mark:
    try:
        place = msgspec.json.decode(urlsafe_b64decode(text.encode()), type=_Place)
    except (ValueError, msgspec.DecodeError):
        place = None
    if place is None or place.sort != sort:
        raise Refusal(f"after: expected the `next` of a page that was sorted by {sort}")
    return place.mark


def rest(page: Page[T], sort: str) -> Rest:
    """What the answer says beside the rows."""
    said: Rest = {}
    if page.next is not None:
        said["next"] = urlsafe_b64encode(msgspec.json.encode(_Place(sort, page.next))).decode()
    if page.total is not None:
        said["total"] = page.total
    return said
