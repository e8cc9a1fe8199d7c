"""Checks that a machine can do a task type, made before it is offered."""

import attrs
import pytest
import trio

from flamenco.model.specs import Finding, Withheld
from flamenco.model.statuses import WorkerStatus
from flamenco.protocol import SignOff, StateChanged
from tests.patience import PATIENCE, until
from tests.worker.running import running_worker
from worker import machine
from worker.checks import CheckFailed, Farm, check_blender, check_ffmpeg, check_storage
from worker.testmode import run_test


async def fails(farm):
    raise CheckFailed("it is not here")


@pytest.fixture
def checks(monkeypatch):
    """The checks a Worker makes, by task type; none at first. It waits for them."""
    monkeypatch.setattr(machine, "PATIENCE_SECONDS", PATIENCE)
    checks = {}
    monkeypatch.setattr("worker.main.CHECKS", checks)
    return checks


async def test_what_fails_is_withheld_with_its_reason(manager, config, checks):
    async def works(farm):
        return "fine"

    checks.update(blender=fails, misc=works)
    async with running_worker(config):
        session = await manager.session()
        assert session.hello.task_types == ("ffmpeg", "file-management", "misc")
        assert session.hello.specs.withheld == (Withheld("blender", "it is not here"),)
        assert session.hello.specs.checks == (Finding("misc", "fine"),)
        assert session.hello.uptime > 0


async def test_checks_know_what_the_manager_tells(manager, config, checks):
    told = []

    async def look(farm):
        told.append(farm)
        return "fine"

    manager.variables["blender"] = "/opt/blender"
    manager.storage = "/mnt/farm"
    checks["blender"] = look
    async with running_worker(config):
        await manager.session()
    assert told == [Farm(blender="/opt/blender", ffmpeg="ffmpeg", storage="/mnt/farm")]


async def test_while_checks_take_their_time_the_worker_is_testing(
    manager, config, checks, monkeypatch
):
    monkeypatch.setattr(machine, "PATIENCE_SECONDS", 0.05)
    may_fail = trio.Event()

    async def slowly(farm):
        await may_fail.wait()
        raise CheckFailed("it is not here")

    checks["blender"] = slowly
    async with running_worker(config):
        first = await manager.session()
        assert "blender" in first.hello.task_types
        await first.welcome()
        assert await first.next(StateChanged) == StateChanged(WorkerStatus.TESTING)
        may_fail.set()
        second = await manager.session()
        assert "blender" not in second.hello.task_types
        await second.welcome()
        last = await second.until(lambda m: m == StateChanged(WorkerStatus.AWAKE))
        assert set(last) <= {StateChanged(WorkerStatus.TESTING), StateChanged(WorkerStatus.AWAKE)}


async def test_a_testing_worker_can_be_sent_to_sleep(manager, config, checks, monkeypatch):
    monkeypatch.setattr(machine, "PATIENCE_SECONDS", 0.05)

    async def never_ends(farm):
        await trio.sleep_forever()

    checks["blender"] = never_ends
    async with running_worker(config) as worker:
        session = await manager.session()
        await session.welcome()
        await session.next(StateChanged)
        await session.ask(WorkerStatus.ASLEEP)
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.ASLEEP)
        await session.ask(WorkerStatus.OFFLINE)
        await session.next(SignOff)
        await session.closed()
        assert await worker.exits() == 0


async def test_what_comes_back_is_offered_again(manager, config, checks, monkeypatch):
    monkeypatch.setattr(machine, "RECHECK_SECONDS", 0.05)
    came_back, tries = False, 0

    async def mends(farm):
        nonlocal tries
        tries += 1
        if not came_back:
            raise CheckFailed("it is not here")
        return "fine"

    checks["blender"] = mends
    async with running_worker(config):
        first = await manager.session()
        assert "blender" not in first.hello.task_types
        await first.welcome()
        await until(lambda: tries > 2)
        came_back = True
        second = await manager.session()
        assert "blender" in second.hello.task_types
        assert second.hello.specs.withheld == ()


class TestChecks:
    async def test_a_program_that_is_not_there_is_named(self):
        with pytest.raises(CheckFailed, match=r"Blender is not on this machine.*'no-blender'"):
            await check_blender(Farm(blender="no-blender"))

    async def test_a_program_that_fails_is_named(self):
        with pytest.raises(CheckFailed, match="FFmpeg does not work here: 'false -version'"):
            await check_ffmpeg(Farm(ffmpeg="false"))

    async def test_an_ffmpeg_without_h264_is_no_help(self, tmp_path):
        lame = tmp_path / "ffmpeg"
        lame.write_text('#!/bin/sh\n[ "$1" = -version ] && echo ffmpeg version 1 Copyright\n')
        lame.chmod(0o755)
        with pytest.raises(CheckFailed, match=r"ffmpeg version 1 .* cannot make H\.264"):
            await check_ffmpeg(Farm(ffmpeg=str(lame)))

    async def test_a_storage_is_written_and_read_and_left_as_it_was(self, tmp_path):
        assert str(tmp_path) in await check_storage(Farm(storage=str(tmp_path)))
        assert not list(tmp_path.iterdir())

    async def test_a_storage_that_is_not_there_is_named(self, tmp_path):
        gone = str(tmp_path / "gone")
        with pytest.raises(CheckFailed, match=r"'.*gone' cannot be read and written: No such"):
            await check_storage(Farm(storage=gone))


class TestReport:
    async def test_it_tells_of_everything_and_succeeds_if_all_is_well(
        self, manager, config, tmp_path, monkeypatch
    ):
        monkeypatch.setattr("worker.testmode.SPEED_BYTES", 1024)
        manager.storage, manager.variables["blender"] = str(tmp_path), str(tmp_path / "blender")
        (tmp_path / "blender").write_text("#!/bin/sh\necho Blender 4.2.1\n")
        (tmp_path / "blender").chmod(0o755)
        lines = []
        assert await run_test(config, lines.append) == 0
        report = "\n".join(lines)
        assert "Blender 4.2.1" in report
        assert f"{tmp_path}: writes" in report
        assert "Fake, Flamenco 1.0" in report
        assert lines[-1] == "no problems found"

    async def test_one_failure_fails_it(self, manager, config):
        manager.variables["blender"] = "no-blender"
        lines = []
        settings = attrs.evolve(config, task_types=("blender", "special"))
        assert await run_test(settings, lines.append) == 1
        assert sum(line.startswith("FAIL") for line in lines) == 2
        assert lines[-1] == "2 problems found"

    async def test_a_manager_that_is_away_does_not_stop_it(self, config):
        lines = []
        settings = attrs.evolve(config, manager_url="http://127.0.0.1:9/", task_types=("misc",))
        assert await run_test(settings, lines.append) == 1
        assert lines[1].startswith("FAIL  Manager")
        assert lines[-1] == "1 problem found"
