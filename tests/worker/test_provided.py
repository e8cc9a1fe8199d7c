"""The Worker goes by what the Manager has for it, and by its own configuration before that."""

import attrs
import pytest

from flamenco.cli.app import run
from flamenco.config.worker import load_worker_config
from flamenco.model.statuses import WorkerStatus
from flamenco.protocol import Provided, StateChanged, Welcome
from tests.worker.running import running_worker
from worker.provided import FILE_NAME, keep_provided, read_provided, told, with_provided

FIRST = Provided(origin="entry 0", settings={"niceness": 5, "task_types": ["misc"]})
SECOND = Provided(origin="entry 1", settings={"niceness": 9}, variables={"blender": "/b"})


def by_key(config):
    return {each.key: (each.value, each.origin) for each in told(config)}


def test_later_entries_win_and_the_own_file_and_environment_over_all(tmp_path):
    path = tmp_path / "flamenco-worker.yaml"
    path.write_text("\nsilence_limit: 1h\n")
    own = load_worker_config(path, environment={"FLAMENCO_WORKER__WARM_BLENDER": "false"})
    settings = {"silence_limit": "2h", "warm_blender": True, "share_delay": "3s"}
    config = with_provided(own, [FIRST, SECOND, Provided(origin="entry 2", settings=settings)])
    assert (config.niceness, config.silence_limit, config.warm_blender) == (9, 3600.0, False)
    assert config.variables == {"blender": "/b"}
    assert by_key(config) == {
        "task_types": ('["misc"]', "entry 0"),
        "restart_exit_code": ("0", "default"),
        "oom_score_adjust": ("null", "default"),
        "niceness": ("9", "entry 1"),
        "share_delay": ('"3s"', "entry 2"),
        "silence_limit": ('"1h0m0s"', "line 2"),
        "warm_blender": ("false", "FLAMENCO_WORKER__WARM_BLENDER"),
        "capabilities": ("[]", "default"),
    }


@pytest.mark.parametrize("settings", [{"niceness": 99}, {"niceness": "5x"}])
def test_an_entry_that_is_not_understood_is_left_out(tmp_path, settings):
    own = load_worker_config(tmp_path / "none.yaml", environment={})
    bad = Provided(origin="entry", settings={**settings, "share_delay": "1s"})
    assert with_provided(own, [bad]) == own


def test_keys_of_a_newer_manager_are_left_out(tmp_path):
    own = load_worker_config(tmp_path / "none.yaml", environment={})
    newer = Provided(origin="entry", settings={"niceness": 3, "of_tomorrow": 7})
    assert with_provided(own, [newer]).niceness == 3


def test_what_the_manager_said_is_kept_and_a_damaged_file_set_aside(tmp_path):
    assert read_provided(tmp_path) == ()
    keep_provided(tmp_path, [FIRST, SECOND])
    assert read_provided(tmp_path) == (FIRST, SECOND)
    (tmp_path / FILE_NAME).write_text("provided: [{settings: 5}]\n")
    assert read_provided(tmp_path) == ()
    assert (tmp_path / f"{FILE_NAME}.damaged-1").exists()


async def test_a_worker_signs_on_again_with_what_it_is_told_and_remembers_it(manager, config):
    async with running_worker(config):
        session = await manager.session()
        assert session.hello.task_types == config.task_types
        welcome = Welcome(status_requested=WorkerStatus.AWAKE, provided=(FIRST,))
        await session.send(welcome)
        session = await manager.session()
        assert session.hello.task_types == ("misc",)
        told = {each.key: each for each in session.hello.settings}
        assert (told["niceness"].value, told["niceness"].origin) == ("5", "entry 0")
        await session.send(welcome)
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.AWAKE)
        session.cut()
        session = await manager.session()
        await session.send(attrs.evolve(welcome, provided=()))
        assert (await manager.session()).hello.task_types == config.task_types
    keep_provided(config.home, [FIRST])
    async with running_worker(config):
        assert (await manager.session()).hello.task_types == ("misc",)


def test_a_worker_shows_what_counts(tmp_path, capsys):
    keep_provided(tmp_path, [FIRST])
    file = tmp_path / "w.yaml"
    file.write_text("niceness: 2\n")
    assert run(["worker", "--show-config", "--config", str(file), "--home", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert "niceness: 2  (line 1)" in shown
    assert 'task_types: ["misc"]  (entry 0)' in shown
