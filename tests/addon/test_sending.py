"""Files that are sent to a real Manager, which keeps each content once."""

import hashlib
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from addon.flamenco import checksums, remembered, shaman
from addon.flamenco.client import Client
from addon.flamenco.errors import (
    Aborted,
    FlamencoError,
    ManagerRefused,
    ManagerUnreachable,
    PackFailed,
)
from addon.flamenco.packing import Transfer
from addon.flamenco.plan import PackPlan
from addon.flamenco.remembered import Remembered
from tests.addon.fake_manager import FakeManager
from tests.patience import until
from tests.shaman.conftest import everything
from tests.web.conftest import Edge
from tests.web.conftest import edge as edge
from tests.web.test_shaman import SCENE, Connection

KEY = "2d1c1f7e-0f55-4c0c-8f43-8a5f0e9b2b1d"
ODD = "a ö#1 " + "x" * 200 + ".png"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "shot.blend").write_bytes(SCENE)
    (folder / ODD).write_bytes(b"texture")
    (folder / "copy.png").write_bytes(b"texture")
    return folder


def plan_of(home: Path) -> PackPlan:
    return PackPlan(home, home / "shot.blend", tuple(sorted(home.iterdir())))


async def send(edge: Edge, home: Path, transfer: Transfer | None = None) -> str:
    """The path of the checkout."""
    known, transfer = Remembered(home.parent / checksums.CACHE_NAME), transfer or Transfer()
    arguments = (plan_of(home), {}, Client(edge.url), "My job", KEY, known, transfer)
    return await trio.to_thread.run_sync(partial(shaman.check_out, *arguments))


async def test_everything_is_checked_out_under_its_own_name(edge: Edge, home: Path) -> None:
    path = await send(edge, home)
    checkout = edge.storage / "shared" / "jobs" / path
    assert {file.name: file.read_bytes() for file in checkout.iterdir()} == {
        "shot.blend": SCENE,
        ODD: b"texture",
        "copy.png": b"texture",
    }


async def test_a_checkout_is_given_up_by_the_key_of_its_submission(edge: Edge, home: Path) -> None:
    checkout = edge.storage / "shared" / "jobs" / await send(edge, home)
    for key in ("another", KEY):
        assert checkout.is_dir()
        await trio.to_thread.run_sync(Client(edge.url).give_up, key)
    await until(lambda: not checkout.exists())


async def test_what_is_known_is_neither_read_nor_sent_again(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_SETTLED_NS", -1)
    first, second = Transfer(), Transfer()
    await send(edge, home, first)
    assert first.copied == len(SCENE) + len(b"texture")
    monkeypatch.setattr(checksums, "_computed", lambda file, _: pytest.fail(f"{file} is read"))
    await send(edge, home, second)
    assert second.copied == 0


async def test_a_file_that_the_manager_takes_and_never_has_is_not_sent_for_ever(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    monkeypatch.setattr(Client, "upload", lambda _client, sha, *_: sent.append(sha))
    with pytest.raises(PackFailed, match="lacks it afterwards"):
        await send(edge, home)
    assert [sent.count(sha) for sha in dict.fromkeys(sent)] == [shaman.MOST_TIMES] * 2


async def test_a_file_that_changed_is_sent_anew(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_SETTLED_NS", -1)
    await send(edge, home)
    (home / "copy.png").write_bytes(b"another")
    transfer = Transfer()
    await send(edge, home, transfer)
    assert transfer.copied == len(b"another")


async def test_a_file_that_somebody_else_is_sending_is_put_off_and_then_sent_all_the_same(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaman, "PAUSE", 0.01)
    sent: list[tuple[str, bool]] = []
    upload = Client.upload

    def watched(self: Client, sha: str, size: int, headers: dict[str, str], body: Any) -> None:
        sent.append((headers["X-Shaman-Original-Filename"], len(headers) == 2))
        upload(self, sha, size, headers, body)

    monkeypatch.setattr(Client, "upload", watched)
    async with Connection(edge) as other:
        await other.announce(SCENE, SCENE[:10])
        await send(edge, home)
    ours = [can_wait for name, can_wait in sent if name == "shot.blend"]
    assert ours == [True, False]


async def test_a_break_costs_only_what_was_under_way(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaman, "PAUSE", 0.01)
    monkeypatch.setattr(shaman, "UPLOADS", 1)
    upload, tries = Client.upload, []

    def breaking(self: Client, sha: str, *rest: Any) -> None:
        tries.append(sha)
        if len(tries) == 2:
            next(iter(rest[-1]))
            raise ManagerUnreachable(self.url, "gone")
        upload(self, sha, *rest)

    monkeypatch.setattr(Client, "upload", breaking)
    await send(edge, home)
    assert len(tries) == 3
    assert len(set(tries)) == 2


async def test_a_manager_that_stays_away_is_given_up(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaman, "PATIENCE", -1.0)

    def away(self: Client, *_: Any) -> None:
        raise ManagerUnreachable(self.url, "gone")

    monkeypatch.setattr(Client, "upload", away)
    with pytest.raises(ManagerUnreachable):
        await send(edge, home)


async def test_a_file_that_changes_before_it_is_sent_is_told(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    required = Client.required

    def changing(self: Client, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
        (home / "copy.png").write_bytes(b"changed")
        (home / ODD).write_bytes(b"changed")
        return required(self, files)

    monkeypatch.setattr(Client, "required", changing)
    with pytest.raises(PackFailed, match="has changed while it was sent"):
        await send(edge, home)


async def test_a_file_that_got_shorter_is_told_and_not_remembered(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_SETTLED_NS", -1)
    required = Client.required

    def changing(self: Client, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
        (home / "shot.blend").write_bytes(SCENE[:-1])
        return required(self, files)

    with monkeypatch.context() as meanwhile, pytest.raises(PackFailed, match="has changed"):
        meanwhile.setattr(Client, "required", changing)
        await send(edge, home)
    known = json.loads((home.parent / checksums.CACHE_NAME).read_text())
    assert str(home / "shot.blend") not in known
    assert str(home / "copy.png") in known


def test_a_name_that_is_not_utf_8_is_sent_as_well_as_can_be(
    manager: FakeManager, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = home / os.fsdecode(b"gr\xfcn.png")
    strange.write_bytes(b"1")
    names = []
    monkeypatch.setattr(
        Client, "upload", lambda *rest: names.append(rest[3]["X-Shaman-Original-Filename"])
    )
    known = Remembered(tmp_path / checksums.CACHE_NAME)
    client = Client(manager.url)
    sending = shaman._Sending(client, {}, {("a", 1): strange}, known, Transfer())
    assert sending._try(("a", 1)) is None
    assert names == ["gr?n.png"]


def test_a_file_that_never_arrives_is_given_up(
    manager: FakeManager, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaman, "PAUSE", 0.01)
    monkeypatch.setattr(shaman, "PATIENCE", 0.05)
    monkeypatch.setattr(shaman, "_CHUNK", 1)
    (home / "shot.blend").write_bytes(b"12345")
    told = {"sha": hashlib.sha256(b"12345").hexdigest(), "size": 5}
    tries = []

    def answer(_method: str, path: str, _body: Any) -> tuple[int, Any]:
        if path.endswith("requirements"):
            return 200, {"files": [{**told, "status": "unknown"}]}
        tries.append(path)
        return (502 if len(tries) < 200 else 500), {"message": "cannot be kept"}

    monkeypatch.setattr(FakeManager, "answer", lambda _, *rest: answer(*rest))
    known = Remembered(tmp_path / checksums.CACHE_NAME)
    with pytest.raises(ManagerRefused) as caught:
        shaman.check_out(plan_of(home), {}, Client(manager.url), "n", KEY, known, Transfer())
    assert caught.value.status == 502


async def test_an_abort_leaves_nothing_behind(
    edge: Edge, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaman, "_CHUNK", 100)
    transfer = Transfer()
    pieces = shaman._Sending._pieces

    def aborted(*arguments: Any) -> Iterator[bytes]:
        for piece in pieces(*arguments):
            yield piece
            transfer.abort.set()

    monkeypatch.setattr(shaman._Sending, "_pieces", aborted)
    with pytest.raises(FlamencoError) as caught:
        await send(edge, home, transfer)
    assert isinstance(caught.value, Aborted)
    assert everything(edge.storage / "shared" / "jobs") == []
