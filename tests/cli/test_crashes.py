"""A Manager that crashes starts anew in its process, and says so when it won't."""

import os
import signal
from contextlib import asynccontextmanager

import attrs
import httpx
import pytest
import trio

from flamenco.cli import crashes
from flamenco.cli import manager as command
from flamenco.cli.crashes import Crashes
from flamenco.cli.errors import CommandError, sentence
from flamenco.cli.manager import READY, run_manager
from flamenco.config.installation import Installation
from flamenco.manager.farm import open_farm
from flamenco.store import DamagedDatabase
from tests.patience import PATIENCE, until


@pytest.fixture
def fuses(monkeypatch):
    """Channels for the errors that end a Manager's farms, one for each of its lives."""
    found, waiting = [], []

    @asynccontextmanager
    async def open_bomb(*arguments, **options):
        fuse, spark = trio.open_memory_channel(0)

        async def explode():
            raise await spark.receive()

        async with open_farm(*arguments, **options) as farm, trio.open_nursery() as nursery:
            nursery.start_soon(explode)
            waiting.append(fuse)
            yield farm
            nursery.cancel_scope.cancel()

    def url_of(listener, tls):
        found.append(waiting.pop())
        return url(listener)

    url = command.url_of
    monkeypatch.setattr(command, "url_of", url_of)  # the last thing before it is ready
    monkeypatch.setattr(command, "open_farm", open_bomb)
    monkeypatch.setattr(crashes, "FIRST_PAUSE_SECONDS", 0.001)
    return found


@pytest.fixture
def installation(tmp_path):
    file = tmp_path / "flamenco-manager.yaml"
    listen = {"listen": "127.0.0.1:0", "discoverable": False}
    return Installation(file=file, storage=tmp_path, **listen)


async def crash(fuses, life: int, error: Exception) -> None:
    await until(lambda: len(fuses) == life)
    await fuses[-1].send(error)


async def test_a_manager_that_crashed_answers_again_at_the_same_address(
    installation, fuses, capsys, caplog
):
    def addresses() -> list[str]:
        said.append(capsys.readouterr().out)
        return [line.split()[-1] for line in "".join(said).splitlines() if READY in line]

    said: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_manager, installation)
        await until(lambda: len(addresses()) == 1)
        await crash(fuses, 1, RuntimeError("a mistake of ours"))
        await until(lambda: len(addresses()) == 2)
        first, second = addresses()
        assert first == second
        async with httpx.AsyncClient(base_url=second, timeout=PATIENCE) as http:
            assert (await http.get("/api/v3/version")).status_code == 200
        os.kill(os.getpid(), signal.SIGTERM)
    assert "the Manager has crashed and starts anew in 0.001 s" in caplog.text
    assert "RuntimeError: a mistake of ours" in caplog.text


async def test_a_manager_whose_database_is_damaged_says_that_it_will_not_start_again(
    installation, fuses
):
    damage = DamagedDatabase("farm.sqlite is damaged; restore a copy of it")
    with pytest.RaisesGroup(CommandError, flatten_subgroups=True) as ended:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_manager, installation)
            await crash(fuses, 1, ExceptionGroup("two", [RuntimeError("beside it"), damage]))
    said = sentence(ended.value)
    assert said == f"the Manager has ended and won't start again: {damage}"
    assert len(fuses) == 1


async def test_a_manager_that_crashes_again_and_again_ends_and_says_why(installation, fuses):
    with pytest.RaisesGroup(CommandError, flatten_subgroups=True) as ended:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_manager, installation)
            for life in range(1, crashes.MOST + 2):
                await crash(fuses, life, RuntimeError(f"mistake {life}"))
    assert sentence(ended.value) == (
        "the Manager has crashed 6 times within 10 minutes and won't start again; at last: "
        "RuntimeError: mistake 6"
    )


async def test_what_keeps_a_manager_from_its_first_start_is_told_at_once(installation, tmp_path):
    (tmp_path / "a file").touch()
    nowhere = attrs.evolve(installation, storage=tmp_path / "a file")
    with pytest.RaisesGroup(OSError, flatten_subgroups=True):
        await run_manager(nowhere)


async def test_a_manager_is_stopped_while_it_waits_to_start_anew(
    installation, fuses, monkeypatch, caplog
):
    monkeypatch.setattr(crashes, "FIRST_PAUSE_SECONDS", PATIENCE * 10)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_manager, installation)
            await crash(fuses, 1, RuntimeError("a mistake of ours"))
            await until(lambda: "starts anew" in caplog.text)
            os.kill(os.getpid(), signal.SIGTERM)


async def test_the_pause_grows_with_each_crash_and_old_ones_are_forgotten(autojump_clock):
    known = Crashes()
    assert [known.pause_after(RuntimeError()) for _ in range(5)] == [1, 2, 4, 8, 16]
    await trio.sleep(crashes.WITHIN_SECONDS)
    assert known.pause_after(RuntimeError()) == 1
