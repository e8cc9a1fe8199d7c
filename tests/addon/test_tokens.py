"""The API token: where it is kept, and to whom it is sent."""

import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from addon.flamenco import tokens
from addon.flamenco.client import Client
from addon.flamenco.errors import NotSignedIn
from tests.addon import fake_manager
from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager

URL, TOKEN = "http://manager:8080/", "flm_4f1c8e2d"


@pytest.fixture(autouse=True)
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_known", {})
    monkeypatch.setitem(sys.modules, "keyring", None)


class FakeKeyring(SimpleNamespace):
    """The package `keyring` with a keyring, or one that works no more."""

    def __init__(self, priority: float = 5, *, locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.priority, self.locked = priority, locked

    def get_keyring(self) -> "FakeKeyring":
        return self

    def get_password(self, service: str, user: str) -> str | None:
        return self.kept.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        if self.locked:
            raise RuntimeError("locked")
        self.kept[service, user] = password

    def delete_password(self, service: str, user: str) -> None:
        del self.kept[service, user]


def test_without_a_keyring_a_token_is_in_a_file_for_the_user_only(tmp_path: Path) -> None:
    file = tmp_path / tokens.FILE_NAME
    tokens.keep(URL, TOKEN, tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    tokens.keep("http://other/", "another", tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tokens.of(URL, tmp_path) == TOKEN
    tokens.keep(URL, "", tmp_path)
    assert TOKEN not in file.read_text()


def test_a_keyring_keeps_it_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.keep(URL, TOKEN, tmp_path)
    keyring = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    tokens.keep(URL, TOKEN, tmp_path)
    assert list(keyring.kept.values()) == [TOKEN]
    assert TOKEN not in (tmp_path / tokens.FILE_NAME).read_text()
    assert tokens.of(URL, tmp_path) == TOKEN
    tokens.keep(URL, "", tmp_path)
    assert keyring.kept == {}


@pytest.mark.parametrize("keyring", [FakeKeyring(0), FakeKeyring(locked=True)])
def test_a_keyring_that_keeps_nothing_is_no_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyring: FakeKeyring
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    tokens.keep(URL, TOKEN, tmp_path)
    assert tokens.of(URL, tmp_path) == TOKEN
    assert keyring.kept == {}


def test_a_token_that_is_entered_while_the_keyring_is_asked_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = FakeKeyring()

    def asked(_service: str, url: str) -> str:
        tokens.know(url, TOKEN)
        return "flm_of_before"

    keyring.get_password = asked
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert tokens.of(URL, tmp_path) == TOKEN
    assert tokens.known(URL) == TOKEN


def test_the_token_goes_with_each_request_and_only_to_its_manager(
    manager: FakeManager, tmp_path: Path
) -> None:
    manager.token = TOKEN
    with pytest.raises(NotSignedIn, match="API token"):
        Client(manager.url).version()
    tokens.keep(manager.url, TOKEN, tmp_path)
    Client(manager.url, lambda url: tokens.of(url, tmp_path)).version()
    other = Client(manager.url.replace("127.0.0.1", "localhost"), lambda u: tokens.of(u, tmp_path))
    with pytest.raises(NotSignedIn):
        other.version()


def test_the_token_does_not_follow_a_redirect_to_another_server(
    manager: FakeManager, storage: Path
) -> None:
    with fake_manager.running(storage) as stranger:
        manager.redirect = stranger.url
        Client(manager.url, lambda _: TOKEN).version()
    assert manager.authorizations == {f"Bearer {TOKEN}"}
    assert stranger.authorizations == {None}


@pytest.mark.slow
def test_the_preference_signs_in_and_is_in_no_blend_file(
    blender: InstalledBlender, manager: FakeManager, tmp_path: Path
) -> None:
    manager.token = TOKEN
    blendfile = tmp_path / "shot.blend"
    script = f"""
use_manager({manager.url!r})
preferences = bpy.context.preferences.addons["flamenco"].preferences
before = bpy.context.window_manager.flamenco_status_ping
preferences.api_token = " {TOKEN} "
bpy.ops.wm.save_userpref()
bpy.ops.wm.save_as_mainfile(filepath={str(blendfile)!r}, compress=False)
finish([before, preferences.api_token, bpy.context.window_manager.flamenco_status_ping])
"""
    run = blender.run(script)
    before, token, after = run.result
    assert "enter an API token" in before
    assert (token, after) == (TOKEN, "Fake version 4.0.0.dev0 found")
    files = [file for file in blender.resources.rglob("*") if file.is_file()]
    holders = [file.name for file in [*files, blendfile] if TOKEN.encode() in file.read_bytes()]
    assert sorted(holders) == ["flamenco-tokens.json", "script.py"]  # the script is this test's
    later = blender.run(f"use_manager({manager.url!r})\nfinish(bpy.ops.flamenco.ping_manager())")
    assert "Fake version 4.0.0.dev0 found" in later.output
