"""The document of the API, for programs and as a page to read and try."""

from io import StringIO
from typing import Any

import msgspec
import trio
from quart import Blueprint, Response
from ruamel.yaml import YAML

from web.context import operations
from web.openapi import document
from web.pages import page
from web.wire import encode

routes = Blueprint("document", __name__)


@routes.get("/openapi3.json")
async def as_json() -> Response:
    return Response(encode(document(operations())), content_type="application/json")


@routes.get("/openapi.yaml")
async def as_yaml() -> Response:
    plain = msgspec.json.decode(encode(document(operations())))
    text = await trio.to_thread.run_sync(_yaml, plain)
    return Response(text, content_type="application/yaml")


def _yaml(plain: dict[str, Any]) -> str:
    yaml = YAML()
    stream = StringIO()
    yaml.dump(plain, stream)
    return stream.getvalue()


@routes.get("/swagger-ui/")
async def as_page() -> Response:
    return await page("swagger.html")
