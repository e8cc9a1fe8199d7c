"""Requests as values, so that one definition of an operation serves two kinds of clients."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

import attrs
import msgspec

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")


@attrs.frozen
class Call(Generic[T]):
    """A request, and the function that reads its answer."""

    method: str
    path: str
    """Path below ``/api/v3/``, or from the root if it begins with ``/``."""
    read: Callable[[bytes], T]
    query: Mapping[str, list[str]] = attrs.field(factory=dict)
    body: object = None
    """Body, sent as JSON; for a `Path`, the content of that file."""
    headers: Mapping[str, str] = attrs.field(factory=dict)


def read_as(kind: type[A]) -> Callable[[bytes], A]:
    """A function that reads the JSON of an answer as this class."""
    return msgspec.json.Decoder(kind).decode


def nothing(_: bytes) -> None:
    """An answer without a body."""


def get(path: str, kind: type[A], wanted: attrs.AttrsInstance | None = None) -> Call[A]:
    """A request for an instance of this class."""
    return Call("GET", path, read_as(kind), query_of(wanted) if wanted else {})


def post(path: str, body: object) -> Call[None]:
    """A request for a change."""
    return Call("POST", path, nothing, body=body)


def send(
    path: str, body: object, kind: type[A], wanted: attrs.AttrsInstance | None = None
) -> Call[A]:
    """A request that sends something and gets an instance of this class."""
    return Call("POST", path, read_as(kind), query_of(wanted) if wanted else {}, body=body)


def keyed(key: str) -> dict[str, str]:
    """Headers with the key of a submission; none without one."""
    return {"Idempotency-Key": key} if key else {}


def then(call: Call[A], pick: Callable[[A], T]) -> Call[T]:
    """The same request, of whose answer only a part is returned."""
    return Call(
        call.method,
        call.path,
        lambda content: pick(call.read(content)),
        call.query,
        call.body,
        call.headers,
    )


def query_of(wanted: attrs.AttrsInstance) -> dict[str, list[str]]:
    """The same as a query string, without fields that have their default."""
    given = {}
    for field in attrs.fields(type(wanted)):
        value = getattr(wanted, field.name)
        if value != field.default:
            several = value if isinstance(value, tuple) else (value,)
            given[field.name] = [_text(each) for each in several]
    return given


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case StrEnum():
            return value.value
        case datetime():
            return value.isoformat()
    return str(value)


class Carrier(Protocol):
    """A client that carries out requests on Trio."""

    async def carry_out(self, call: Call[A]) -> A:
        """The answer to a request."""


class BlockingCarrier(Protocol):
    """A client that carries out requests for blocking programs."""

    def carry_out(self, call: Call[A]) -> A:
        """The answer to a request."""


class operation(Generic[P, T]):  # noqa: N801 - it is used as a decorator
    """A method that describes a request, which each client carries out in its own way."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: Carrier, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: BlockingCarrier, owner: type) -> Callable[P, T]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        return lambda *args, **given: client.carry_out(self._describe(client, *args, **given))
