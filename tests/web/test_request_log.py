"""The request log, written by a real server."""

import json
import stat

import attrs
import pytest
import trio_websocket

from flamenco.config.manager import ManagerConfig
from flamenco.model.access import Role, Scope
from tests.patience import until
from tests.web.conftest import edge_at
from tests.web.people import USERS, people_at
from web import requestlog

# trio-websocket leaves the socket of a rejected connection to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(requestlog, "GATHER_SECONDS", 0.01)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "requests.jsonl"


def lines(file) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


async def line(file, **like) -> dict:
    """The line that has these values."""

    def found() -> list[dict]:
        return [each for each in lines(file) if like.items() <= each.items()]

    return (await until(found))[0]


async def test_each_request_leaves_a_line_that_says_who_asked_what(tmp_path, file):
    config = attrs.evolve(USERS, request_log=file.name)
    async with edge_at(tmp_path, config) as edge:
        people = await people_at(edge)
        await people.ask("GET", "jobs?search=secret+plan", by=Role.VIEWER)
        seen = await line(file, path="/api/v3/jobs")
        assert (seen["who"], seen["method"], seen["status"]) == ("viewer", "GET", 200)
        assert (seen["address"], seen["bytes"] > 2, seen["ms"] > 0) == ("127.0.0.1", True, True)
        await people.ask("GET", "jobs")
        await line(file, path="/api/v3/jobs", status=401, who="")
        foreign = {"Origin": "https://other.example"}
        await people.ask(
            "POST", "jobs", {}, by=Role.ARTIST, headers=foreign | {"Sec-Fetch-Site": "cross-site"}
        )
        shown = await people.token(Role.ARTIST, Scope.READ, Scope.SUBMIT)
        secret = shown["Authorization"].split()[1]
        await edge.http.get(f"/as/{secret}/api/v3/version")
        await line(file, path="/as/*/api/v3/version", who="artist, token")
        for rest in ("/", "//api/v3/jobs", "/app/jobs"):
            await edge.http.get(f"/as/{secret}{rest}")
            await line(file, path=f"/as/*{rest}")
        begun = (await people.ask("POST", "access/devices", {"name": "Blender"})).json()
        await people.ask("GET", f"access/devices/{begun['user_code']}", by=Role.ARTIST)
        await line(file, path="/api/v3/access/devices/*")
        headers = [(name, value) for name, value in people.by_cookie(Role.VIEWER).items()]
        live = f"{edge.socket_url}/live"
        async with trio_websocket.open_websocket_url(live, extra_headers=headers):
            pass
        await line(file, path="/api/v3/live", method="WEBSOCKET", status=101, who="viewer")
    text = file.read_text()
    for each in (secret, begun["user_code"], "plan", *people.links.values()):
        assert each not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_file_is_put_aside_when_it_is_long_and_the_oldest_goes(tmp_path, file, monkeypatch):
    monkeypatch.setattr(requestlog, "MOST_BYTES", 1)
    monkeypatch.setattr(requestlog, "KEPT", 2)
    async with edge_at(tmp_path, ManagerConfig(request_log=file.name)) as edge:
        kept = [tmp_path / f"{file.name}.{number}" for number in (1, 2, 3)]
        for number in range(4):
            await edge.http.get(f"/app/place-{number}")
            await until(lambda: kept[0].exists() and f"place-{number}" in kept[0].read_text())  # noqa: B023
    assert "place-2" in kept[1].read_text()
    assert not kept[2].exists()


async def test_a_log_that_cannot_be_written_is_told_once_and_holds_up_nobody(tmp_path, caplog):
    folder = tmp_path / "gone"
    config = ManagerConfig(request_log=str(folder / "requests.jsonl"))
    async with edge_at(tmp_path, config) as edge:
        for _ in range(3):
            assert (await edge.http.get("/api/v3/version")).status_code == 200
        await until(lambda: "the request log can't be written" in caplog.text)
        folder.mkdir()
        await edge.http.get("/api/v3/version")
        lost = await until(
            lambda: [each for each in lines(folder / "requests.jsonl") if "lost" in each]
        )
        assert lost[0]["lost"] >= 1
    assert caplog.text.count("the request log can't be written") == 1


async def test_lines_that_nobody_writes_in_time_are_counted(tmp_path, file, monkeypatch):
    monkeypatch.setattr(requestlog, "MOST_WAITING", 1)
    monkeypatch.setattr(requestlog, "GATHER_SECONDS", 3600)
    async with edge_at(tmp_path, ManagerConfig(request_log=file.name)) as edge:
        for _ in range(3):
            await edge.http.get("/api/v3/version")
    assert [each.get("lost") for each in lines(file)] == [None, 2]
