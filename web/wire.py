"""JSON in and out: bodies as attrs classes, errors as `Error`. Handlers use nothing else."""

from typing import TypeVar

import msgspec
from quart import Response, request
from werkzeug.exceptions import HTTPException

import actors
from flamenco.api.meta import Error
from flamenco.manager.messages import NotAllowed, NotFound, Outdated, Refusal

T = TypeVar("T")
Answer = Response

STATUS_OF: dict[type[Exception], int] = {
    NotFound: 404,
    NotAllowed: 422,
    Outdated: 412,
    Refusal: 400,
    actors.CommitFailed: 503,
    actors.AskTimeout: 503,
    actors.ActorStopped: 503,
}
"""Which status code a refusal is answered with; the first class that fits counts."""


def encode(body: object) -> bytes:
    """The JSON of an API class; unset fields are left out."""
    return msgspec.json.encode(body)


def reply(body: object, status: int = 200) -> Answer:
    """An answer with a JSON body."""
    return Response(encode(body), status, content_type="application/json")


def empty() -> Answer:
    """An answer that needs no body: 204."""
    return Response(b"", 204)


def failure(status: int, message: str) -> Answer:
    """An error as the API declares it."""
    answer = reply(Error(code=status, message=message), status)
    if status == 503:
        answer.headers["Retry-After"] = "1"
    return answer


async def body(kind: type[T]) -> T:
    """The request's body as an API class.

    Raises `Refusal` with the path of the wrong field and what was expected there.
    """
    content = await request.data
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise Refusal(f"request body: {error}") from None


def refused(error: Exception) -> Answer:
    """The answer to a request that an actor, or the store, refused."""
    status = next(code for kind, code in STATUS_OF.items() if isinstance(error, kind))
    return failure(status, str(error))


def http_error(error: HTTPException) -> Answer:
    """The answer to a request that Quart itself refused: no such path, wrong method."""
    return failure(error.code or 500, error.description or error.name)
