"""Pages of lists, as requested by query strings.

The beginning of the next page is sent as an opaque text, made from the order, and from the sort key
and the id of the last row.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Protocol, TypedDict, TypeVar

import attrs
import msgspec

from flamenco.manager.refusals import Refusal
from flamenco.model.lists import Mark, Order, Paging
from flamenco.store import Page

P = TypeVar("P")
T = TypeVar("T", bound=attrs.AttrsInstance)


class Wanted(Protocol):
    """Common fields of the query strings of all lists."""

    @property
    def sort(self) -> str: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def after(self) -> str: ...
    @property
    def count(self) -> bool: ...


class Rest(TypedDict, total=False):
    """Information on the whole list, sent with a page."""

    next: str
    total: int


@attrs.frozen
class _Place:
    sort: str
    mark: Mark


def paging(wanted: Wanted) -> Paging:
    """The requested page. Raises `Refusal` if its beginning is not valid."""
    after = _mark(wanted.after, wanted.sort) if wanted.after else None
    order = Order.of(wanted.sort)
    return Paging(order=order, limit=wanted.limit, after=after, count=wanted.count)


def _mark(text: str, sort: str) -> Mark:
    place = place_of(text, _Place)
    if place is None or place.sort != sort:
        raise Refusal(f"after: expected the `next` of a page that was sorted by {sort}")
    return place.mark


def place_of(text: str, kind: type[P]) -> P | None:
    """The place in a list that a text stands for; None if it is not one of ours."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(text.encode()), type=kind)
    except (ValueError, msgspec.DecodeError):
        return None


def text_of(place: object) -> str:
    """The text that stands for a place in a list."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode()


def rest(page: Page[T], sort: str) -> Rest:
    """The fields of the answer other than the rows."""
    said: Rest = {}
    if page.next is not None:
        said["next"] = text_of(_Place(sort, page.next))
    if page.total is not None:
        said["total"] = page.total
    return said
