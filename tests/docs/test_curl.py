"""The examples with curl in the page of the API are run as they stand, on a real Manager."""

import json
import re
import shutil
from pathlib import Path

import pytest
import trio

from tests.web.conftest import call
from tests.web.conftest import edge as _edge

edge = _edge

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
ENDLESS = re.compile(r"curl -N[^\n]*")
FIRST_BLOCK = "retry: 1000"
HAS_CURL = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")


def script(url: str) -> str:
    """All examples in a row; those that follow are left after their first line."""
    text = "\n".join(BLOCKS).replace("http://localhost:8080", url)
    return "set -u\n" + ENDLESS.sub(lambda found: f"head -n 1 < <({found[0]} 2>/dev/null)", text)


def answers(output: str) -> list[dict]:
    """The JSON documents in the output, one after the other."""
    decoder, found = json.JSONDecoder(), []
    while (begin := output.find("{")) >= 0:
        document, end = decoder.raw_decode(output[begin:])
        found.append(document)
        output = output[begin + end :]
    return found


@HAS_CURL
async def test_every_example_does_what_the_page_says(edge):
    with trio.fail_after(180):
        done = await trio.run_process(
            ["bash", "-c", script(edge.url)], capture_stdout=True, check=False
        )
    output = done.stdout.decode()
    assert done.returncode == 0
    assert output.count(FIRST_BLOCK) == len(ENDLESS.findall("\n".join(BLOCKS))) == 2
    said = answers(output)
    assert said
    assert not [each for each in said if "code" in each and "message" in each]
    (job,) = (await call(edge, "GET", "jobs"))["jobs"]
    assert job["status"] == "canceled"
    assert said[0]["id"] == job["id"]
    assert {"reason": "There is no worker yet."} in said
    assert any(each.get("done") == 0 for each in said)
    assert [each["jobs"][0]["id"] for each in said if each.get("jobs")] == [job["id"]]
