"""Requests that pages of other sites may make to a Manager, through a user's browser."""

from contextlib import suppress

import httpx
import pytest
import trio
import trio_websocket

from tests.patience import PATIENCE
from tests.web.conftest import JOB
from web.wire import encode

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

EVIL = "http://evil.example"
SHA = "0" * 64

FOREIGN = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": f"{EVIL}:1", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


async def code_of(edge, method: str, path: str, headers) -> int:
    async with httpx.AsyncClient(base_url=edge.url, timeout=PATIENCE) as http:
        answer = await http.request(method, path, content=encode(JOB), headers=headers)
        return answer.status_code


async def opens(edge, headers) -> bool:
    """True if the live WebSocket opens."""
    extra = [(name, value.encode()) for name, value in headers.items()]
    with trio.fail_after(PATIENCE), suppress(trio_websocket.ConnectionRejected):
        url = f"{edge.socket_url}/live"
        async with trio_websocket.open_websocket_url(url, extra_headers=extra):
            return True
    return False


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_pages_of_other_sites_change_and_follow_nothing(edge, headers):
    assert await code_of(edge, "POST", "/api/v3/jobs", headers) == 403
    assert await code_of(edge, "POST", f"/api/v3/shaman/files/{SHA}/5", headers) == 403
    assert not await opens(edge, headers)
    assert (await edge.http.get("/api/v3/jobs")).json()["jobs"] == []


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", ["/api/v3/version", "/api/v3/configuration/file", "/app/"])
async def test_pages_of_other_sites_read_nothing(edge, path, headers):
    assert await code_of(edge, "GET", path, headers) == 403


async def test_a_link_from_another_site_leads_here_but_shows_nothing_within_that_site(edge):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert await code_of(edge, "GET", "/app/", link | {"Sec-Fetch-Dest": "document"}) == 200
    assert await code_of(edge, "GET", "/app/", link | {"Sec-Fetch-Dest": "iframe"}) == 403
    document = link | {"Sec-Fetch-Dest": "document"}
    assert await code_of(edge, "POST", "/api/v3/jobs", document) == 403


async def test_the_own_page_may_do_everything_also_behind_a_proxy(edge):
    host = edge.url.removeprefix("http://")
    for headers in (
        {},
        {"Origin": edge.url},
        {"Origin": f"https://{host}"},
        {"Origin": "https://farm.example", "X-Forwarded-Host": "farm.example"},
        {"Origin": "https://farm.example", "Sec-Fetch-Site": "same-origin"},
    ):
        assert await code_of(edge, "POST", "/api/v3/jobs/check", headers) == 204
        assert await opens(edge, headers)
