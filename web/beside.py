"""Long work of Python beside the event loop, such as reading a body of many megabytes.

It runs in a thread, one piece of work at a time, since threads share the interpreter's lock. The
event loop gets that back within a millisecond (`flamenco.manager.interpreter`), but never in the
middle of a call of msgspec. So the items of long lists are decoded one by one.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import attrs
import msgspec
import trio

T = TypeVar("T")

LONG = 2**16
"""Bytes beyond which a body is decoded in a thread, where checks of its values hold up nobody."""

_THREADS = trio.CapacityLimiter(1)


async def beside(work: Callable[[], T]) -> T:
    """The result of work in a thread. Raises its exceptions."""
    return await trio.to_thread.run_sync(work, limiter=_THREADS)


class BodyDecoder:
    """The decoder of the JSON of one class, long lists of which are decoded in pieces."""

    def __init__(self, kind: Any) -> None:
        self.whole = msgspec.json.Decoder(kind)
        lists = _lists_in(kind)
        self._items = {name: msgspec.json.Decoder(item) for name, (item, _) in lists.items()}
        self._outer = msgspec.json.Decoder(_with_raw(kind, lists)) if lists else self.whole

    @property
    def type(self) -> Any:
        """The class."""
        return self.whole.type

    async def decode(self, content: bytes) -> object:
        """An object of the class. Raises what msgspec raises."""
        if len(content) <= LONG:
            return self.whole.decode(content)
        return await beside(partial(self.decode_in_pieces, content))

    def decode_in_pieces(self, content: bytes) -> object:
        """The same, so that other threads have their turn between the items of its lists."""
        if not self._items:
            return self.whole.decode(content)
        values = msgspec.structs.asdict(self._outer.decode(content))
        for name, decoder in self._items.items():
            values[name] = tuple(
                _decoded(decoder, item, f"$.{name}[{place}]")
                for place, item in enumerate(values[name])
            )
        return self.type(**values)


def _decoded(decoder: msgspec.json.Decoder[Any], item: msgspec.Raw, path: str) -> object:
    try:
        return decoder.decode(item)
    except msgspec.ValidationError as error:
        said = str(error)
        place = said if " - at `$" in said else f"{said} - at `$`"
        raise msgspec.ValidationError(place.replace("`$", f"`{path}", 1)) from None


def _lists_in(kind: Any) -> Mapping[str, tuple[Any, tuple[Any, ...]]]:
    """{field: class of its items, and its bounds} of the fields with lists of objects."""
    lists: dict[str, tuple[Any, tuple[Any, ...]]] = {}
    if not attrs.has(kind):
        return lists
    for name, hint in get_type_hints(kind, include_extras=True).items():
        bare, *bounds = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        items = get_args(bare) if get_origin(bare) is tuple else ()
        if items and attrs.has(items[0]):
            lists[name] = items[0], tuple(bounds)
    return lists


def _with_raw(kind: Any, lists: Mapping[str, tuple[Any, tuple[Any, ...]]]) -> Any:
    """A class with the fields of another one, whose lists keep their items as JSON."""
    hints = get_type_hints(kind, include_extras=True)
    raw = {
        name: Annotated[(list[msgspec.Raw], *bounds)] if bounds else list[msgspec.Raw]
        for name, (_, bounds) in lists.items()
    }
    fields = [
        (each.name, raw.get(each.name, hints[each.name]))
        + (() if each.default is attrs.NOTHING else (each.default,))
        for each in attrs.fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, fields, kw_only=True)
