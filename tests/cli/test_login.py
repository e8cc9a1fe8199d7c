"""`flamenco login` and `logout`: whoever was let in once need not show it again."""

import os
import re
import stat
import sys
import threading

import pytest
import trio

from flamenco.cli import login
from flamenco.cli.app import run
from flamenco.client import Rejected, open_client
from flamenco.config.tokens import keep_token, own_token, tokens_file
from flamenco.model.access import Role, Scope
from tests.patience import PATIENCE
from tests.web.conftest import edge as _edge
from tests.web.conftest import people as _people

edge, people = _edge, _people


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A person's configuration, in which nothing is kept yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "home"))
    monkeypatch.delenv("FLAMENCO_TOKEN", raising=False)


@pytest.fixture
def flamenco(capsys):
    """Runs a command; its status, and what it printed on stdout and stderr."""

    async def command(*words: str) -> tuple[int, str, str]:
        status = await trio.to_thread.run_sync(run, list(words))
        return status, *capsys.readouterr()

    return command


async def token_of(people, role: Role, *scopes: Scope) -> str:
    return (await people.token(role, *scopes))["Authorization"].partition(" ")[2]


async def test_who_allows_the_code_in_a_browser_is_known_to_all_commands(
    people, flamenco, capsys, monkeypatch
):
    url, confirmed, said = people.edge.url, threading.Event(), []
    monkeypatch.setattr(login.time, "sleep", lambda _: confirmed.wait(PATIENCE))
    refused = await flamenco("jobs", "--manager", url)
    assert refused[0] == 1
    assert "sign in" in refused[2]
    assert refused[2].endswith("`flamenco login` lets you in\n")

    async def sign_in() -> None:
        said.append(await flamenco("login", "--manager", url))

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sign_in)
            shown = ""
            while not (code := re.search(r"the code (\S+) there", shown)):
                await trio.sleep(0.05)
                shown += capsys.readouterr().out
            assert f"{url}/app/device?code={code[1]}" in shown
            body = {"user_code": code[1], "allow": True}
            await people.ask("POST", "access/devices/confirm", body, by=Role.ARTIST)
            confirmed.set()
    assert said[0][0] == 0
    assert said[0][1].endswith("as artist\n")
    assert (await flamenco("jobs", "--manager", url))[0] == 0
    async with open_client(url) as client:
        assert (await client.who_am_i()).user.name == "artist"
    token = own_token(url)
    assert (await flamenco("logout", "--manager", url))[0] == 0
    assert own_token(url) == ""
    async with open_client(url, token=token) as client:
        with pytest.raises(Rejected):
            await client.farm_status()
    assert (await flamenco("logout", "--manager", url))[0] == 1


async def test_a_code_that_was_refused_keeps_nothing(people, flamenco, capsys, monkeypatch):
    url, denied, said = people.edge.url, threading.Event(), []
    monkeypatch.setattr(login.time, "sleep", lambda _: denied.wait(PATIENCE))

    async def sign_in() -> None:
        said.append(await flamenco("login", "--manager", url))

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sign_in)
            shown = ""
            while not (code := re.search(r"the code (\S+) there", shown)):
                await trio.sleep(0.05)
                shown += capsys.readouterr().out
            body = {"user_code": code[1], "allow": False}
            await people.ask("POST", "access/devices/confirm", body, by=Role.ARTIST)
            denied.set()
    assert said[0][0] == 1
    assert "refused" in said[0][2]
    assert own_token(url) == ""


async def test_a_token_is_kept_if_the_manager_knows_it(people, flamenco):
    url, token = people.edge.url, await token_of(people, Role.VIEWER, Scope.READ)
    wrong = await flamenco("login", "--manager", url, "--token", token[:-1])
    assert wrong[0] == 1
    assert own_token(url) == ""
    assert (await flamenco("login", "--manager", url, "--token", token))[0] == 0
    assert own_token(url) == token
    assert (await flamenco("jobs", "--manager", url))[0] == 0


async def test_where_everybody_may_ask_nobody_signs_in(edge, flamenco):
    status, _, said = await flamenco("login", "--manager", edge.url)
    assert status == 1
    assert "everybody may ask" in said


def test_a_token_is_shown_to_its_manager_only_and_read_by_its_owner_only(monkeypatch):
    here, there = "http://here:8080", "http://here:8081"
    keep_token(here, "mine")
    assert (own_token(here), own_token(there)) == ("mine", "")
    if sys.platform != "win32":
        assert stat.S_IMODE(tokens_file(os.environ).stat().st_mode) == 0o600
    monkeypatch.setenv("FLAMENCO_TOKEN", "other")
    assert own_token(there) == "other"
