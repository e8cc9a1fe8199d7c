"""Whatever a request may carry has its bounds in the document of the API; errors name them."""

from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
import pytest

from flamenco.manager.refusals import Refusal
from web.openapi import document
from web.operations import Operation
from web.server import OPERATIONS
from web.wire import checked_parameter

DOCUMENT = document(OPERATIONS)
BOUNDS = {
    "string": {"maxLength"},
    "array": {"maxItems"},
    "object": {"maxProperties"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
}
"""{type in a JSON schema: what bounds it}."""

LARGE = 2**15
"""Bound of a text or list beyond which none is made to try it."""

Schema = dict[str, Any]


def bounded_otherwise(schema: Schema) -> str:
    """Why a schema needs no bounds of its own; empty if it needs some."""
    if "enum" in schema or "const" in schema:
        return "its words are listed"
    if schema.get("format") == "date-time":
        return "a time has an end by itself"
    if schema.get("format") == "binary":
        return "the body has a limit"
    if schema["type"] == "object" and not schema.get("additionalProperties"):
        return "its fields are listed"
    return ""


def resolved(schema: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][name] if name else schema


def parts(
    schema: Schema, path: str = "", seen: tuple[str, ...] = ()
) -> Iterator[tuple[str, Schema]]:
    """All schemas with a type that a schema is made of, itself too, each with its path."""
    if (name := schema.get("$ref", "")) in seen:
        return
    seen, schema = (*seen, name) if name else seen, resolved(schema)
    if "type" in schema:
        yield path, schema
    for each in schema.get("anyOf", ()):
        yield from parts(each, path, seen)
    for name, each in schema.get("properties", {}).items():
        yield from parts(each, f"{path}.{name}", seen)
    if schema.get("type") == "array":
        yield from parts(schema["items"], f"{path}[]", seen)
    for name in ("additionalProperties", "propertyNames"):
        if isinstance(more := schema.get(name), dict):
            yield from parts(more, f"{path} {name}", seen)


def described(operation: Operation) -> Schema:
    path = operation.path.replace("<", "{").replace(">", "}")
    return DOCUMENT["paths"][f"/api/v3{path}"][operation.method.lower()]


def taken(operation: Operation) -> Iterator[tuple[str, Schema]]:
    """The parameters and bodies of an operation, each with its name."""
    found = described(operation)
    yield from ((each["name"], each["schema"]) for each in found.get("parameters", ()))
    for kind, each in found.get("requestBody", {}).get("content", {}).items():
        yield kind, each["schema"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_whatever_a_request_may_carry_has_its_bounds_in_the_document(operation):
    without = [
        f"{name}{path}: {schema['type']}"
        for name, taken_schema in taken(operation)
        for path, schema in parts(taken_schema)
        if not bounded_otherwise(schema) and not BOUNDS.get(schema["type"], set()) <= schema.keys()
    ]
    assert not without


def test_a_schema_without_bounds_is_found():
    assert [path for path, _ in parts({"type": "array", "items": {"type": "string"}})] == ["", "[]"]
    assert not bounded_otherwise({"type": "string"})
    assert not bounded_otherwise({"type": "object", "additionalProperties": {"type": "string"}})


def beyond(schema: Schema) -> Iterator[tuple[object, object]]:
    """Values just beyond the bounds of a schema or of its parts, each with the bound."""
    schema = resolved(schema)
    match schema:
        case {"anyOf": kinds}:
            for each in kinds:
                yield from beyond(each)
        case {"enum": _} | {"pattern": _} | {"format": _} | {"contentEncoding": _}:
            pass
        case {"type": "string", "maxLength": most} if most <= LARGE:
            yield "x" * (most + 1), most
        case {"type": "integer", "minimum": least, "maximum": most}:
            yield from ((least - 1, least), (most + 1, most))
        case {"type": "array", "items": items, "maxItems": most}:
            yield from (([each], bound) for each, bound in beyond(items))
            if most <= LARGE and resolved(items).get("type") == "string":
                yield [EXAMPLES.get(resolved(items).get("format"), "x")] * (most + 1), most
        case {"type": "object", "properties": fields}:
            for name, each in fields.items():
                yield from (({name: value}, bound) for value, bound in beyond(each))


EXAMPLES = {"uuid": "00000000-0000-0000-0000-000000000000"}


def wrong_bodies() -> Iterator[Any]:
    for operation in OPERATIONS:
        for name, schema in taken(operation):
            if operation.decoder is not None and name == "application/json":
                for number, (value, bound) in enumerate(beyond(schema)):
                    identity = f"{operation.id}-{number}"
                    yield pytest.param(operation.decoder.whole, value, bound, id=identity)


@pytest.mark.parametrize(("decoder", "value", "bound"), [*wrong_bodies()])
def test_an_error_in_a_body_names_the_bound(decoder, value, bound):
    with pytest.raises(msgspec.ValidationError) as raised:
        decoder.decode(msgspec.json.encode(value))
    assert str(bound) in str(raised.value) or "out of range" in str(raised.value)


def wrong_parameters() -> Iterator[Any]:
    for operation in OPERATIONS:
        kinds = dict(operation.parameters)
        if operation.query is not None:
            kinds |= get_type_hints(operation.query, include_extras=True)
        schemas = dict(taken(operation))
        for name, kind in kinds.items():
            for value, bound in beyond(schemas[name]):
                yield pytest.param(name, kind, value, bound, id=f"{operation.id}-{name}-{bound}")


@pytest.mark.parametrize(("name", "kind", "value", "bound"), [*wrong_parameters()])
def test_an_error_in_a_parameter_names_the_bound(name, kind, value, bound):
    given = value if isinstance(value, list) else str(value)
    with pytest.raises(Refusal) as raised:
        checked_parameter(name, given, kind)
    assert str(bound) in str(raised.value).partition(", got")[0]
