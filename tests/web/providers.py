"""Providers of OpenID Connect that are not ours, as processes."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

import web
from tests.patience import PATIENCE
from tests.programs import need

PACKAGE = Path(web.__path__[0], "app", "node_modules", "oidc-provider")
SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
CLIENT, SECRET = "farm", "a secret of the farm: 100 %"
"""Those of the Manager at the provider of `oidc_provider.mjs`."""


@contextmanager
def _served(command: list[str], said: re.Pattern[str], log: Path) -> Iterator[re.Match[str]]:
    """What a process has said when it is ready."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, text=True)
    try:
        lines = map(said.search, process.stdout)
        ready = next(filter(None, lines), None)
        assert ready, log.read_text()
        yield ready
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


@contextmanager
def mock_provider(folder: Path) -> Iterator[str]:
    """The address of PyPI's oidc-provider-mock, in which any client may sign in anybody."""
    code = "import sys; sys.stderr = sys.stdout; from oidc_provider_mock.__main__ import run; run()"
    command = [sys.executable, "-u", "-c", code, "--port", "0"]
    with _served(command, re.compile(r"http://[\d.]+:\d+"), folder / "mock.log") as ready:
        yield ready[0]


@contextmanager
def node_provider(folder: Path) -> Iterator[str]:
    """The address of npm's oidc-provider."""
    if not PACKAGE.is_dir():
        pytest.skip("needs web/app/node_modules: npm ci")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [need("node"), str(SCRIPT), str(PACKAGE), str(port)]
    with _served(command, re.compile("ready"), folder / "node.log"):
        yield f"http://127.0.0.1:{port}"


class _Form(HTMLParser):
    """The first form of a page, and the fields in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.action = self.action or given.get("action") or ""
        if tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value") or ""


async def came_back(http: httpx.AsyncClient, address: str, name: str, home: str) -> httpx.URL:
    """Where a browser comes back to, once somebody has signed in at the provider by a name."""
    answer = await http.get(address)
    for _ in range(20):
        if answer.is_redirect:
            there = urljoin(str(answer.url), answer.headers["location"])
            if there.startswith(home):
                return httpx.URL(there)
            answer = await http.get(there)
            continue
        assert answer.is_success, answer.text
        form = _Form(answer.text)
        named = {each: name for each in ("login", "password", "sub") if each in form.fields}
        there = urljoin(str(answer.url), form.action)
        answer = await http.post(there, data=form.fields | named)
    raise AssertionError("the provider sends nobody back")
