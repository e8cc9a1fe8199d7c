"""The OpenAPI document, made from the declared operations and their classes."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

import flamenco
from flamenco.api.meta import Error, SecurityError
from web.operations import API, PARAMETER, Operation, members
from web.wire import JSON, PLAIN, EventStream, header_name

Schema = dict[str, Any]
Schemas = Mapping[Any, Schema]
"""{class: reference to its schema}."""

REASONS = {
    400: "The request is not as expected; the message says what was expected.",
    401: "The credentials are missing, wrong or over, where it matters who asks.",
    403: "Whoever asks may not do this, or the credentials of a worker are missing or wrong.",
    404: "There is no such object.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    422: "The present state does not allow this.",
    503: "The request could not be stored, or took too long; try again.",
}
"""{status code: description of the error}, for codes whose names are not enough."""

BINARY = {"type": "string", "format": "binary"}


def document(operations: Iterable[Operation], title: str = "Flamenco Manager") -> dict[str, Any]:
    """The OpenAPI 3.1 document of these operations."""
    operations = tuple(operations)
    kinds = list({kind: None for each in operations for kind in _kinds(each)})
    used, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    schemas = dict(zip(kinds, used, strict=True))
    paths: dict[str, Any] = {}
    for each in operations:
        path = API + PARAMETER.sub(r"{\1}", each.path)
        paths.setdefault(path, {})[each.method.lower()] = _operation(each, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": flamenco.__version__,
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "worker_auth": {"type": "http", "scheme": "basic"},
                "worker_ticket": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _kinds(operation: Operation) -> Iterable[Any]:
    """All classes that an operation names."""
    yield from (Error, SecurityError)
    yield from operation.parameters.values()
    yield from (kind for kind in (operation.query, operation.headers, operation.body) if kind)
    for kind in operation.answers.values():
        yield from (each for each in members(kind) if each not in PLAIN)


def _operation(operation: Operation, schemas: Schemas, components: Mapping[str, Schema]) -> Schema:
    summary, _, description = operation.summary.partition("\n\n")
    described: Schema = {
        "operationId": operation.id,
        "summary": " ".join(summary.split()),
        "description": " ".join(description.split()),
        "tags": [operation.tag],
        "parameters": [
            *_path_parameters(operation, schemas),
            *_query(operation, components),
            *_headers(operation, components),
        ],
        "requestBody": _request_body(operation, schemas),
        "security": _security(operation),
        "responses": _responses(operation, schemas),
    }
    return {name: value for name, value in described.items() if value}


def _security(operation: Operation) -> Sequence[Schema]:
    """Credentials that a worker may show; empty if everybody may do this."""
    shown = {"worker_auth": operation.worker_auth, "worker_ticket": operation.takes_ticket}
    return [{name: []} for name, will_do in shown.items() if will_do]


def _path_parameters(operation: Operation, schemas: Schemas) -> Iterable[Schema]:
    for name, kind in operation.parameters.items():
        yield {"name": name, "in": "path", "required": True, "schema": schemas[kind]}


def _query(operation: Operation, components: Mapping[str, Schema]) -> Iterable[Schema]:
    for name, required, schema in _fields(operation.query, components):
        yield {"name": name, "in": "query", "required": required, "schema": schema}


def _headers(operation: Operation, components: Mapping[str, Schema]) -> Iterable[Schema]:
    for name, required, schema in _fields(operation.headers, components):
        yield {"name": header_name(name), "in": "header", "required": required, "schema": schema}


def _fields(
    kind: type | None, components: Mapping[str, Schema]
) -> Iterable[tuple[str, bool, Schema]]:
    """Name, requiredness and schema of each field of a class."""
    if kind is not None:
        described = components[kind.__name__]
        for name, schema in described["properties"].items():
            yield name, name in described["required"], schema


def _request_body(operation: Operation, schemas: Schemas) -> Schema | None:
    values = f", and {operation.values} values" if operation.body else ""
    limit = {"description": f"At most {operation.most} bytes{values}."}
    limit = {} if operation.streams else limit
    if operation.content:
        return {
            **limit,
            "required": True,
            "content": {kind: {"schema": BINARY} for kind in operation.content},
        }
    if operation.body is None:
        return None
    return {
        **limit,
        "required": operation.body_required,
        "content": {JSON: {"schema": schemas[operation.body]}},
    }


def _responses(operation: Operation, schemas: Schemas) -> Schema:
    answers = {code: _response(code, kind, schemas) for code, kind in operation.answers.items()}
    errors = {
        code: _response(code, SecurityError if code == 403 else Error, schemas)
        for code in operation.errors
    }
    return {str(code): each for code, each in sorted((errors | answers).items())}


def _content(kind: Any, schemas: Schemas) -> Schema:
    if kind is EventStream:
        return {}  # OpenAPI 3.1 can't describe its events
    return {"schema": {"type": "string"} if kind in PLAIN else schemas[kind]}


def _response(code: int, kind: Any, schemas: Schemas) -> Schema:
    response: Schema = {"description": REASONS.get(code, HTTPStatus(code).phrase)}
    content = {PLAIN.get(each, JSON): _content(each, schemas) for each in members(kind)}
    if content:
        response["content"] = content
    if code in (429, 503):
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return response
