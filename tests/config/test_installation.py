"""The configuration file beside the command line, changes of it, and the setup assistant."""

import attrs
import pytest
import trio

from flamenco.api.meta import BlenderPathCheckResult, BlenderPathSource
from flamenco.config.errors import ConfigError
from flamenco.config.file import BadValues, ConfigFile
from flamenco.config.installation import AT_ONCE, Installation, restart_keys, taken_over
from flamenco.config.manager import ManagerConfig, manager_config_values
from flamenco.config.setup import BadAnswers, set_up
from flamenco.model.variables import Audience, constant, resolve

META = "_meta: {version: 3}\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flamenco-manager.yaml"


@pytest.fixture
def file(path):
    return ConfigFile(Installation(file=path))


@pytest.mark.parametrize(
    ("text", "changes", "first"),
    [
        (None, {}, True),
        (META, {}, True),
        (META + "shared_storage_path: /farm\n", {}, False),
        (META + "shared_storage_path: /farm\n", {"assist": True}, True),
        (META, {"storage": "here"}, False),
    ],
)
def test_it_is_the_first_run_until_there_is_a_shared_storage(path, text, changes, first):
    if text:
        path.write_text(text)
    if "storage" in changes:
        changes = {"storage": path.parent}
    installation = Installation(file=path, **changes)
    config = installation.load()
    assert installation.is_first_run(config) is first
    assert (installation.paths(config).jobs is None) is first


async def test_the_command_line_wins_over_the_file(path):
    path.write_text(META + "listen: :1\n")
    installation = Installation(file=path, listen=":2", discoverable=False)
    started = installation.load()
    assert (started.listen, started.autodiscoverable) == (":2", False)
    file = ConfigFile(installation)
    await file.change({"manager_name": "X", "listen": ":3"})
    assert (await file.read()).listen == ":3"
    assert restart_keys(started, await file.counts()) == ()


async def test_a_change_keeps_what_it_does_not_name(file, path):
    path.write_text(META + "# ours\nworker_timeout: 90s\nshaman: {enabled: false}\n")
    changes = {"manager_name": "X", "shaman": {"garbageCollect": {"period": "1h"}}}
    config = await file.change(changes)
    assert (config.manager_name, config.worker_timeout) == ("X", 90.0)
    assert config.shaman.enabled is False
    assert config.shaman.garbage_collect.period == 3600.0
    assert await file.read() == config
    assert "# ours" in path.read_text()


async def test_variables_are_replaced_as_a_whole(file, path):
    path.write_text(META + "variables: {a: {values: [{platform: all, value: x}]}}\n")
    values = [{"platform": "all", "value": "y"}]
    config = await file.change({"variables": {"b": {"values": values}}})
    assert "a" not in config.variables
    assert config.variables["b"] == constant("y")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"manager_nam": "X"}, "manager_nam: unknown key; did you mean manager_name?"),
        ({"shaman": {"enable": True}}, "shaman.enable: unknown key"),
        ({"shaman": True}, "shaman: expected a section"),
        ({"task_timeout": 5}, "task_timeout: expected a duration"),
        ({"_meta": {"version": 4}}, "_meta.version: expected version 3"),
        ({"variables": {"a": {"values": [{"value": "x"}]}}}, "variables.a.values[0]: expected a p"),
    ],
)
async def test_a_wrong_change_names_its_key_and_leaves_the_file(file, path, changes, message):
    path.write_text(META + "manager_name: ours\n")
    with pytest.raises(BadValues) as caught:
        await file.change({"manager_name": "theirs"} | changes)
    assert str(caught.value).startswith(message)
    assert path.read_text() == META + "manager_name: ours\n"


async def test_changes_at_once_are_all_made(file):
    async with trio.open_nursery() as nursery:
        for key in ("task_timeout", "worker_timeout", "archive_jobs_after", "delete_jobs_after"):
            nursery.start_soon(file.change, {key: "7s"})
    config = await file.read()
    assert [config.task_timeout, config.worker_timeout] == [7.0, 7.0]
    assert [config.archive_jobs_after, config.delete_jobs_after] == [7.0, 7.0]


async def test_a_file_that_cannot_be_read_is_told_and_left_alone(file, path):
    path.write_text("task_timeout: [")
    for ask in (file.read, lambda: file.change({})):
        with pytest.raises(ConfigError):
            await ask()
    assert path.read_text() == "task_timeout: ["
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="expected text in UTF-8"):
        await file.text()


def test_what_changes_at_once_and_what_at_the_next_start():
    now = ManagerConfig()
    for name in AT_ONCE:
        assert hasattr(now, name)
    then = attrs.evolve(
        now, listen=":1", manager_name="X", shaman=attrs.evolve(now.shaman, enabled=False)
    )
    assert restart_keys(now, then) == ("listen", "shaman.enabled")
    assert taken_over(now, then) == attrs.evolve(now, manager_name="X")


# The assistant


def blender(source: str, **changes) -> BlenderPathCheckResult:
    return attrs.evolve(
        BlenderPathCheckResult(
            input="b", path="/opt/b (1)", source=BlenderPathSource(source), is_usable=True, cause=""
        ),
        **changes,
    )


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("default", "blender"),
        ("file_association", "blender"),
        ("path_envvar", "b"),
        ("input_path", "/opt/b (1)"),
        ("system_location", "/opt/b (1)"),
    ],
)
def test_the_assistant_sets_storage_and_blender_on_every_platform(source, value):
    config = set_up(ManagerConfig(), "/farm", blender(source))
    assert config.shared_storage_path == "/farm"
    for platform in ("linux", "windows", "darwin"):
        resolved = resolve(config.variables, Audience.WORKERS, platform)
        assert resolved["blender"].value == value
        assert resolved["blenderArgs"].value == "-b -y"
    assert "ffmpeg" in manager_config_values(config)["variables"]


@pytest.mark.parametrize(
    ("storage", "choice", "word"),
    [
        ("", blender("default"), "storageLocation"),
        ("/farm", blender("default", is_usable=False), "usable"),
        ("/farm", blender("file_association", path=""), "path"),
        ("/farm", blender("input_path", path=""), "path"),
        ("/farm", blender("path_envvar", input=""), "input"),
        ("/farm", blender("system_location", input=""), "input"),
    ],
)
def test_the_assistant_refuses_what_it_cannot_use(storage, choice, word):
    with pytest.raises(BadAnswers, match=word):
        set_up(ManagerConfig(), storage, choice)


def test_a_default_blender_needs_no_path():
    assert set_up(ManagerConfig(), "/farm", blender("default", path="", input=""))
