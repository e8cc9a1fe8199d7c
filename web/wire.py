"""Input and output of requests: texts and JSON as attrs classes, errors as `Error`."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import attrs
import msgspec
from msgspec import UnsetType
from quart import Response, has_request_context, request, websocket
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound as NoSuchPath
from werkzeug.routing.exceptions import WebsocketMismatch

import actors
from flamenco.access.attempts import TooSoon
from flamenco.access.begun import NotVouched
from flamenco.access.devices import NoSuchCode, TooManyDevices
from flamenco.access.fetching import ProviderTrouble
from flamenco.access.passwords import TooManyPasswords
from flamenco.api.meta import Error
from flamenco.config.errors import ConfigError
from flamenco.manager.refusals import (
    Conflict,
    NotAllowed,
    NotFound,
    NotWhileParked,
    Outdated,
    Refusal,
)
from flamenco.model.bounds import brief
from flamenco.shaman import BadPath, MissingFiles, NoFreePath, ShamanOff, StorageFailed
from flamenco.store import UnreadableRow
from web.askers import Forbidden, Unknown
from web.beside import BodyDecoder
from web.crowds import Crowded
from web.turns import TooMany

T = TypeVar("T")
Answer = Response

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
YAML = "application/yaml"
JPEG = "image/jpeg"
MP4 = "video/mp4"
WEBM = "video/webm"
EVENT_STREAM = "text/event-stream"

RETRY_SECONDS = 1
"""Seconds after which a request that was answered 429 or 503 may be made again."""

STATUS_OF: dict[type[Exception], int] = {
    NotFound: 404,
    NotAllowed: 422,
    Outdated: 412,
    Conflict: 409,
    NotWhileParked: 409,
    Refusal: 400,
    Unknown: 401,
    Forbidden: 403,
    NotVouched: 403,
    TooSoon: 429,
    TooManyPasswords: 429,
    TooManyDevices: 429,
    NoSuchCode: 404,
    BadPath: 400,
    MissingFiles: 424,
    NoFreePath: 409,
    ShamanOff: 503,
    StorageFailed: 503,
    ProviderTrouble: 503,
    Crowded: 429,
    TooMany: 429,
    ConfigError: 503,
    actors.ActorError: 503,
    UnreadableRow: 409,
}
"""{class of a refusal: status code}; the first class that fits counts."""


class Text(str):
    """An answer in plain text."""

    __slots__ = ()


class Yaml(str):
    """An answer in YAML."""

    __slots__ = ()


class Jpeg(str):
    """An answer that is a picture, in JPEG."""

    __slots__ = ()


class Mp4(str):
    """An answer that is a video in H.264."""

    __slots__ = ()


class Webm(str):
    """An answer that is a video in VP9."""

    __slots__ = ()


class EventStream(str):
    """An answer that goes on: server-sent events."""

    __slots__ = ()


PLAIN: dict[Any, str] = {
    Text: TEXT,
    Yaml: YAML,
    Jpeg: JPEG,
    Mp4: MP4,
    Webm: WEBM,
    EventStream: EVENT_STREAM,
}
"""{kind of answer that is not JSON: its media type}."""


# In


def checked_parameter(name: str, value: str | list[str], kind: Any) -> object:
    """A parameter of the path or of the query string in its type. Raises `Refusal`."""
    try:
        return msgspec.convert(value, kind, strict=_expected(kind) == A_TIME)
    except msgspec.ValidationError:
        most = _schema(kind).get("maxItems", len(value))
        if isinstance(value, list) and len(value) > most:
            raise Refusal(f"{name}: expected at most {most} of them, got {len(value)}") from None
        got = value if isinstance(value, str) else ", ".join(value)
        raise Refusal(f"{name}: expected {_expected(kind)}, got {got!r}") from None


@cache
def _schema(kind: Any) -> Mapping[str, Any]:
    schema = msgspec.json.schema(kind)
    named = next(iter(schema.get("$defs", {}).values()), schema)
    found: Mapping[str, Any] = next(iter(named.get("anyOf", ())), named)
    return found


@cache
def _expected(kind: Any) -> str:
    schema = _schema(kind)
    schema = schema.get("items", schema)
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if "format" in schema:
        return A_TIME if schema["format"] == "date-time" else str(schema["format"])
    ends = [words.format(schema[end]) for end, words in _ENDS.items() if end in schema]
    return " ".join([schema["type"], *ends])


A_TIME = "a time with its zone, such as 2026-11-27T08:30:00Z"
_ENDS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "pattern": "that fits {}",
    "maxLength": "of at most {} characters",
}


def checked_query(kind: type[attrs.AttrsInstance]) -> object:
    """The query string as a class; other parameters are ignored. Raises `Refusal`."""
    given = request.args
    values = {
        name: checked_parameter(
            name, given.getlist(name) if may_repeat(annotation) else given[name], annotation
        )
        for name, annotation in _annotations(kind).items()
        if name in given
    }
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(f"query string: {error}") from None


@cache
def _annotations(kind: type[attrs.AttrsInstance]) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def checked_headers(kind: type[attrs.AttrsInstance], given: Mapping[str, str]) -> object:
    """The headers that a class names. Raises `Refusal`."""
    values = {
        field.name: given[header_name(field.name).lower()]
        for field in attrs.fields(kind)
        if header_name(field.name).lower() in given
    }
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(f"headers: {error}") from None


def header_name(field: str) -> str:
    """The header that a field of a class stands for: `x_file_name` is `X-File-Name`."""
    return field.replace("_", "-").title()


def may_repeat(annotation: Any) -> bool:
    """True if a parameter of the query string may be given several times."""
    return any(get_origin(each) is tuple for each in (annotation, *get_args(annotation)))


def or_none(value: T | UnsetType) -> T | None:
    """The value of a field; None if it was left out."""
    return None if isinstance(value, UnsetType) else value


async def checked_body(decoder: BodyDecoder, *, required: bool) -> object:
    """The JSON body as the decoder's class; None if it is missing and not ``required``.

    Raises `Refusal` with the path of the wrong field and the expectation.
    """
    content = await request.data
    if not content:
        if required:
            raise Refusal("request body: expected JSON, got nothing")
        return None
    if request.content_type and request.mimetype != JSON:
        raise Refusal(f"request body: expected {JSON}, got {request.mimetype}")
    try:
        return await decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(f"request body: {_explained(error, decoder.type)}") from None
    except RecursionError:
        raise Refusal("request body: it is nested too deeply") from None


def _explained(error: Exception, kind: Any) -> str:
    """The mistake in a body, with the allowed words if one of them was expected."""
    said = str(error)
    found = _NO_SUCH_WORD.search(said)
    words = _words_at(kind, found[1].split(".")) if found else []
    return f"{said}; expected {' or '.join(words)}" if words else said


_NO_SUCH_WORD = re.compile(r"Invalid enum value .* - at `\$\.([\w.]+)`$")


def _words_at(kind: Any, path: Sequence[str]) -> list[str]:
    """The words that a class allows at a path of fields; none if it has no such words."""
    schema = msgspec.json.schema(kind)
    known = {f"#/$defs/{name}": each for name, each in schema.get("$defs", {}).items()}
    for field in ("", *path):
        schema = schema.get("properties", {}).get(field, {}) if field else schema
        schema = next(iter(schema.get("anyOf", ())), schema)
        schema = known.get(schema.get("$ref", ""), schema)
    words: list[str] = schema.get("enum", [])
    return words


# Out


def encode(body: object) -> bytes:
    """The JSON of an API class; unset fields are left out."""
    return msgspec.json.encode(body)


def answer(result: object) -> Answer:
    """The answer for a handler's return value."""
    match result:
        case Response():
            return result
        case None:
            return empty()
        case Text() | Yaml():
            return Response(result, 200, content_type=PLAIN[type(result)])
    return reply(result)


def reply(body: object, status: int = 200) -> Answer:
    """An answer with a JSON body."""
    return Response(encode(body), status, content_type=JSON)


def empty(status: int = 204) -> Answer:
    """An answer without a body, and so without a type."""
    answer = Response(b"", status)
    del answer.headers["Content-Type"]
    if status == 204:
        del answer.headers["Content-Length"]  # RFC 9110 §8.6
    return answer


def failure(status: int, message: str) -> Answer:
    """An error as the API declares it."""
    answer = reply(Error(code=status, message=brief(message)), status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def refused(error: Exception) -> Answer:
    """The answer to a request that an actor, or the store, refused."""
    return failure(status_of(error), str(error))


def status_of(error: Exception) -> int:
    """The status code of a refusal."""
    return next(code for kind, code in STATUS_OF.items() if isinstance(error, kind))


def http_error(error: HTTPException) -> Answer:
    """The answer to a request that Quart itself refused: no such path, wrong method."""
    message = error.description or error.name
    if message == NoSuchPath.description:
        asked = request if has_request_context() else websocket
        message = f"there is no {asked.path}"
    if isinstance(error, WebsocketMismatch):
        message = "a WebSocket was expected and plain HTTP came, or the other way round"
    answer = failure(error.code or 500, message)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            answer.headers[name] = value
    return answer
