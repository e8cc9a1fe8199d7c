"""The document of the API, for programs and as a page to read and try out."""

from collections.abc import Iterable
from io import StringIO
from typing import Any

import msgspec
import trio
from quart import Blueprint, Response
from ruamel.yaml import YAML

from flamenco.model.access import Permission
from web.askers import demand_permission
from web.openapi import document
from web.operations import Operation
from web.pages import page
from web.wire import encode


def routes(operations: Iterable[Operation]) -> Blueprint:
    """The routes of the document of these operations."""
    blueprint = Blueprint("document", __name__)

    @blueprint.before_request
    async def look() -> None:
        demand_permission(Permission.LOOK)

    @blueprint.get("/openapi3.json")
    async def openapi3_json() -> Response:
        return Response(encode(document(operations)), content_type="application/json")

    @blueprint.get("/openapi.yaml")
    async def openapi_yaml() -> Response:
        plain = msgspec.json.decode(encode(document(operations)))
        text = await trio.to_thread.run_sync(_yaml, plain)
        return Response(text, content_type="application/yaml")

    @blueprint.get("/swagger-ui/")
    async def swagger_ui() -> Response:
        return await page("swagger.html")

    return blueprint


def _yaml(plain: dict[str, Any]) -> str:
    yaml = YAML()
    stream = StringIO()
    yaml.dump(plain, stream)
    return stream.getvalue()
