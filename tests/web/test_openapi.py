"""The document of the API says what the code does, and what Flamenco 3's says."""

import inspect
import re

import pytest
from openapi_spec_validator import validate
from ruamel.yaml import YAML

from tests.web.reference import OPERATIONS
from web.openapi import document
from web.server import ROOMS

DECLARED = [each for room in ROOMS for each in room.routes.declared]
DOCUMENT = document(DECLARED)


def described(method: str, path: str) -> dict:
    """The document's part on an operation, whatever it calls the parameters of the path."""
    paths = {re.sub(r"{\w+}", "{}", name): each for name, each in DOCUMENT["paths"].items()}
    return paths["/api/v3" + re.sub(r"{\w+}", "{}", path)][method.lower()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_an_operation_of_flamenco_3_is_declared_as_it_was(operation):
    found = described(operation.method, operation.path)
    assert found["operationId"] == operation.id
    assert {str(code) for code in operation.codes} <= set(found["responses"])
    assert bool(found.get("security")) == operation.worker_auth


@pytest.mark.parametrize("operation", DECLARED, ids=lambda operation: operation.id)
def test_an_operation_says_what_it_does_and_takes_what_its_path_names(operation):
    assert operation.summary
    assert set(re.findall(r"<(?:\w+:)?(\w+)>", operation.path)) == set(operation.parameters)
    assert inspect.iscoroutinefunction(operation.handler)


def test_no_two_operations_share_an_id():
    assert len({each.id for each in DECLARED}) == len(DECLARED)


def test_what_a_field_may_be_stands_in_the_document():
    schemas = DOCUMENT["components"]["schemas"]
    change = schemas["JobPriorityChange"]
    assert change["required"] == ["priority"]
    assert change["properties"]["priority"] == {"type": "integer", "minimum": 0, "maximum": 100}
    assert "paused" in schemas["JobStatus"]["enum"]
    assert schemas["Job"]["properties"]["created"]["format"] == "date-time"
    assert "worker_tag" not in schemas["SubmittedJob"]["required"]


async def test_the_document_is_served_and_valid(edge):
    answer = await edge.http.get("/api/v3/openapi3.json")
    served = answer.json()
    validate(served)
    assert set(served["paths"]) == set(DOCUMENT["paths"])
    text = (await edge.http.get("/api/v3/openapi.yaml")).text
    assert YAML(typ="safe").load(text) == served


async def test_the_page_of_the_document_needs_nothing_from_elsewhere(edge):
    answer = await edge.http.get("/api/v3/swagger-ui/")
    assert answer.status_code == 200
    assert "://" not in answer.text
    for asset in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert (await edge.http.get(asset)).status_code == 200
