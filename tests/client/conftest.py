"""A client of a real Manager's edge."""

import pytest

from flamenco.client import open_client
from tests.web.conftest import edge as _edge

edge = _edge


@pytest.fixture
async def client(edge):
    async with open_client(edge.url) as client:
        yield client
