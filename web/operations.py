"""Operations of the HTTP API. The signature of its handler declares each of them.

Parameters named in the path are checked against their annotations. ``query`` and ``body`` are the
attrs classes of the query string and of the JSON body, ``worker`` is the worker whose credentials
the request has to carry. ``headers`` is the attrs class of the headers that are used, and ``read``
returns a body of any size piece by piece: such an operation is served by `web.uploads`. The answer
is the handler's return value: an API class is 200, None is 204, `Text` is plain text. `web.openapi`
makes the document from the same declarations.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import (
    Any,
    TypedDict,
    TypeVar,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs
from quart import Response, request

from flamenco.model.access import PERMISSION_OF, Permission
from flamenco.model.bounds import Uuid
from web.askers import asker, demand
from web.beside import BodyDecoder
from web.context import door
from web.wire import Answer, answer, checked_body, checked_headers, checked_parameter, checked_query

API = "/api/v3"

PARAMETER = re.compile(r"<(\w+)>")
"""Pattern for a part of a path that stands for a value."""

Handler = Callable[..., Awaitable[object]]
Read = Callable[[], Awaitable[bytes]]
"""Function that waits for the next bytes of a body; empty at its end."""

USUAL_BODY = 2**20
"""Maximum bytes of a body, unless its operation declares another limit."""

USUAL_VALUES = 50_000
"""Maximum number of values in a JSON body, unless its operation declares another limit: reading a
million takes as long as all requests of a second."""

H = TypeVar("H", bound=Handler)

Id = Uuid
"""Path parameter with the id of a job, task, worker or tag."""


@attrs.frozen(kw_only=True, eq=False)
class Operation:
    """A method of a path, with its parameters and answers."""

    method: str
    path: str
    """Path below `API`, with the names of its parameters in angle brackets."""
    tag: str
    handler: Handler
    parameters: Mapping[str, Any]
    """{name in the path: type it is checked against}."""
    query: Any
    body: Any
    decoder: BodyDecoder | None
    body_required: bool
    content: tuple[str, ...]
    """Media types of a body that is not JSON; the handler reads and checks it."""
    most: int
    """Maximum bytes of the body, unless it ``streams``."""
    values: int
    """Maximum number of values in a body of JSON."""
    headers: Any
    streams: bool
    """True if the handler reads the body piece by piece."""
    worker_auth: bool
    takes_ticket: bool
    """True if the ticket of the worker's session will do."""
    answers: Mapping[int, Any]
    """{status code of an answer that is not an error: class of its body, a union, or None}."""
    errors: frozenset[int]

    @property
    def id(self) -> str:
        """The handler's name in OpenAPI's style: `fetchJobTasks`."""
        return operation_id(self.handler)

    @property
    def summary(self) -> str:
        return inspect.getdoc(self.handler) or ""

    async def serve(self, **path: str) -> Response:
        """Check a request, pass it to the handler, and answer.

        Raises `Unknown`, `Forbidden`, `BadCredentials`, `Refusal` with the expectation, and the
        handler's exceptions.
        """
        demand(self.id, asker())
        arguments: dict[str, Any] = {}
        if self.worker_auth:
            admit = door().admit_beside if self.takes_ticket else door().admit
            arguments["worker"] = await admit(request.authorization, request.remote_addr)
        headers = {name.lower(): value for name, value in request.headers.items()}
        arguments |= self._checked(path, headers)
        if self.query is not None:
            arguments["query"] = checked_query(self.query)
        if self.decoder is not None:
            arguments["body"] = await checked_body(self.decoder, required=self.body_required)
        return answer(await self.handler(**arguments))

    async def serve_stream(
        self, path: Mapping[str, str], headers: Mapping[str, str], read: Read
    ) -> Response:
        """The same for a handler that ``read``s its body. Also raises its exceptions."""
        return answer(await self.handler(**self._checked(path, headers), read=read))

    def _checked(self, path: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, object]:
        checked = {
            name: checked_parameter(name, path[name], kind)
            for name, kind in self.parameters.items()
        }
        if self.headers is not None:
            checked["headers"] = checked_headers(self.headers, headers)
        return checked


def operation_id(handler: Handler) -> str:
    """The id of a handler's operation."""
    first, *others = handler.__name__.split("_")
    return first + "".join(word.title() for word in others)


class Extras(TypedDict, total=False):
    """Parts of a declaration that are not in a handler's signature."""

    errors: Iterable[int]
    """Status codes of refusals, without those that follow from the signature: 400 if there is
    something to check, 429 and (while it is parked) 409 for workers, 408 and 413 for bodies, 401
    and 403 unless everybody may ask, 503 always."""
    answers: Mapping[int, Any]
    """Answers that the handler makes itself, in addition to that of the return type."""
    content: tuple[str, ...]
    """Media types of a body that is not JSON."""
    most: int
    """Maximum bytes of the body, if it is not `USUAL_BODY`."""
    values: int
    """Maximum number of values in the body, if it is not `USUAL_VALUES`."""
    takes_ticket: bool
    """True if a worker may show the ticket of its session instead of its secret."""


class Operations:
    """The operations of one module."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self.declared: list[Operation] = []

    def get(self, path: str, **extras: Unpack[Extras]) -> Callable[[H], H]:
        return self._declare("GET", path, extras)

    def post(self, path: str, **extras: Unpack[Extras]) -> Callable[[H], H]:
        return self._declare("POST", path, extras)

    def put(self, path: str, **extras: Unpack[Extras]) -> Callable[[H], H]:
        return self._declare("PUT", path, extras)

    def delete(self, path: str, **extras: Unpack[Extras]) -> Callable[[H], H]:
        return self._declare("DELETE", path, extras)

    def _declare(self, method: str, path: str, extras: Extras) -> Callable[[H], H]:
        def declared(handler: H) -> H:
            self.declared.append(_operation(method, path, self._tag, handler, extras))
            return handler

        return declared


def _operation(method: str, path: str, tag: str, handler: Handler, extras: Extras) -> Operation:
    """The operation that a handler's signature declares."""
    hints = get_type_hints(handler, include_extras=True)
    returned = members(hints.pop("return"))
    query, worker = hints.pop("query", None), hints.pop("worker", None)
    headers, reads = hints.pop("headers", None), hints.pop("read", None)
    bodies = members(hints.pop("body", None))
    body = next(iter(bodies), None)
    content = extras.get("content", ())
    is_visit = PERMISSION_OF.get(operation_id(handler)) is Permission.VISIT
    implied = {
        400: hints or query or headers or body,
        401: not is_visit,
        403: not is_visit,
        409: worker,
        429: worker,
        408: body or content,
        413: body or content,
        503: True,
    }
    return Operation(
        method=method,
        path=path,
        tag=tag,
        handler=handler,
        parameters=hints,
        query=query,
        body=body,
        decoder=BodyDecoder(body) if body else None,
        body_required=NoneType not in bodies,
        content=content,
        most=extras.get("most", USUAL_BODY),
        values=extras.get("values", USUAL_VALUES),
        headers=headers,
        streams=reads is not None,
        worker_auth=bool(worker),
        takes_ticket=extras.get("takes_ticket", False),
        answers=_successes(returned) | dict(extras.get("answers", {})),
        errors=frozenset(
            {code for code, true in implied.items() if true} | {*extras.get("errors", ())}
        ),
    )


def _successes(returned: Sequence[Any]) -> dict[int, Any]:
    bodies = [kind for kind in returned if kind not in (Answer, NoneType)]
    answers: dict[int, Any] = {200: reduce(or_, bodies)} if bodies else {}
    return answers | ({204: None} if NoneType in returned else {})


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the one type that an annotation is."""
    if annotation is None:
        return ()
    union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if union else (annotation,)
