"""`flamenco actors` shows the inside of a Manager."""

import json

from tests.cli.test_jobs import client as _client
from tests.cli.test_jobs import flamenco as _flamenco
from tests.cli.test_jobs import terminal as _terminal
from tests.client.test_manager import NAPS
from tests.web.conftest import edge as _edge

client, edge, flamenco, terminal = _client, _edge, _flamenco, _terminal


async def test_actors_are_listed_a_line_each_and_as_json(flamenco, client):
    job = (await client.submit(NAPS)).id
    status, out, err = await flamenco("actors", "/jobs")
    header, *lines = [line.split("\t") for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert header[:3] == ["PATH", "STATE", "WAITING"]
    assert [line[0] for line in lines] == ["/jobs", f"/jobs/{job}"]
    found = json.loads((await flamenco("actors", "/jobs", "--json"))[1])
    assert [each["path"] for each in found["actors"]] == ["/jobs", f"/jobs/{job}"]


async def test_a_terminal_shows_below_them_what_went_wrong(flamenco, client, terminal):
    _, out, _ = await flamenco("actors")
    facts = [line.split(":")[0] for line in out.splitlines() if ":" in line]
    assert facts[:3] == ["Crashes", "Restarts", "Failed commits"]


async def test_what_is_left_out_is_told(flamenco, edge):
    status, out, err = await flamenco("actors", "--limit", "2")
    assert (status, len(out.splitlines())) == (0, 3)
    assert "--limit shows more of them" in err
