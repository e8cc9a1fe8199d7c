"""Sign-in by a code that the artist confirms in the browser."""

import json
from pathlib import Path
from threading import Event

import pytest

from addon.flamenco import sign_in, tokens
from addon.flamenco.client import Client
from addon.flamenco.errors import Aborted, FlamencoError, NotAllowed, NotReady, UnexpectedAnswer
from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import CONFIRMED, FakeManager
from tests.addon.window import play

TOKEN = "flm_4f1c8e2d"
PENDING = (400, {"error": "authorization_pending", "code": 400, "message": "wait"})
SLOWER = (400, {"error": "slow_down"})


@pytest.fixture
def client(manager: FakeManager, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(sign_in, "INTERVAL", 0.01)
    manager.page, manager.token = "app/devices", TOKEN
    return Client(manager.url)


def test_a_code_is_asked_about_until_it_is_confirmed(manager: FakeManager, client: Client) -> None:
    manager.confirmations = [PENDING, SLOWER, PENDING, (200, {"token": TOKEN})]
    code = sign_in.begin(client)
    assert (code.user, code.page) == ("WDJB-MJHT", f"{manager.url}app/devices")
    assert sign_in.token(client, code, Event()) == TOKEN
    assert manager.paths.count("POST /api/v3/access/devices/token") == 4


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        ("access_denied", NotReady, "refused in the browser"),
        ("expired_token", NotReady, 'has expired. Press "Sign In" again'),
        ("invalid_request", FlamencoError, "HTTP 400"),
    ],
)
def test_a_code_that_will_not_be_confirmed_ends_the_sign_in(
    manager: FakeManager, client: Client, error: str, kind: type[Exception], told: str
) -> None:
    manager.confirmations = [PENDING, (400, {"error": error})]
    with pytest.raises(kind, match=told):
        sign_in.token(client, sign_in.begin(client), Event())


def test_a_manager_without_codes_is_told_apart(client: Client) -> None:
    with pytest.raises(NotReady, match="enter an API token"):
        sign_in.begin(client)


def test_a_manager_that_asks_nobody_says_so(manager: FakeManager, client: Client) -> None:
    told = {"code": 409, "message": "this farm is open"}
    manager.refusals = {"/api/v3/access/devices": (409, told)}
    with pytest.raises(NotReady, match="No sign-in is needed: this farm is open"):
        sign_in.begin(client)


def test_only_pages_are_opened(manager: FakeManager, client: Client) -> None:
    manager.confirmations, manager.page = [PENDING], "file:///bin/sh"
    with pytest.raises(UnexpectedAnswer):
        sign_in.begin(client)


def test_a_sign_in_that_nobody_waits_for_any_more_asks_no_more(
    manager: FakeManager, client: Client
) -> None:
    manager.confirmations = [PENDING]
    code, ended = sign_in.begin(client), Event()
    ended.set()
    with pytest.raises(Aborted, match="Sign-in aborted"):
        sign_in.token(client, code, ended)
    assert manager.paths == ["POST /api/v3/access/devices"]


def test_a_refusal_of_what_one_may_not_says_whom_to_ask(
    manager: FakeManager, client: Client
) -> None:
    path = "/api/v3/jobs"
    manager.token = ""
    manager.refusals = {path: (403, {"code": 403, "message": "your role may not do this"})}
    with pytest.raises(NotAllowed, match=r"your role may not do this.*artist.*scopes"):
        client.submit_job({"type": "x"}, "key")
    assert manager.paths == [f"POST {path}"]


@pytest.mark.slow
def test_the_code_is_shown_the_page_is_opened_and_the_token_is_kept(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    manager.confirmations, manager.page = [PENDING], "app/devices"
    story = f"""
import urllib.request, webbrowser
opened = []
webbrowser.open = opened.append
def play(words):
    urllib.request.urlopen({manager.url!r} + "play/" + words).close()
def begin():
    with bpy.context.temp_override(window=wm.windows[-1]):
        bpy.ops.flamenco.sign_in("INVOKE_DEFAULT")
begin()
yield from until(lambda: wm.flamenco_sign_in_code and opened)
shown = [wm.flamenco_sign_in_code, bpy.ops.flamenco.sign_in.poll()]
bpy.ops.flamenco.end_sign_in()
yield from until(bpy.ops.flamenco.sign_in.poll)
with bpy.context.temp_override(window=wm.windows[0]):
    bpy.ops.screen.userpref_show("INVOKE_DEFAULT")
yield from until(lambda: len(wm.windows) == 2)
begin()
yield from until(lambda: wm.flamenco_sign_in_code)
with bpy.context.temp_override(window=wm.windows[-1]):
    bpy.ops.wm.window_close()
yield from until(lambda: len(wm.windows) == 1)
wm.flamenco_status_ping = ""
play("confirmed")
yield from until(lambda: wm.flamenco_status_ping.endswith("found"))
import flamenco.manager
finish([shown, opened, flamenco.manager.lets_in()])
"""
    run = play(blender, display, manager, story, blendfile)
    assert run.result == [["WDJB-MJHT", False], [f"{manager.url}app/devices"] * 2, True], run.output
    (kept,) = blender.resources.rglob(tokens.FILE_NAME)
    assert json.loads(kept.read_text()) == {manager.url: CONFIRMED}
