import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flamenco.config.errors import ConfigError
from flamenco.config.files import sweep
from flamenco.config.manager import (
    Address,
    ManagerConfig,
    ShamanConfig,
    load_manager_config,
    manager_config_from,
    manager_config_values,
    parse_address,
    save_manager_config,
)
from flamenco.model.bounds import LARGEST
from flamenco.model.variables import Audience, resolve

META = "_meta: {version: 3}\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "flamenco-manager.yaml"


def test_without_a_file_the_defaults_hold(file):
    config = load_manager_config(file)
    assert config == ManagerConfig()
    assert config.address == Address("", 8080)
    assert (config.task_timeout, config.worker_timeout) == (600, 60)
    assert config.shaman.garbage_collect.max_age == 744 * 3600


@pytest.mark.parametrize(
    ("platform", "exe"), [("linux", "blender"), ("windows", "blender.exe"), ("darwin", "blender")]
)
def test_blender_and_ffmpeg_are_known_on_every_platform(platform, exe):
    resolved = resolve(ManagerConfig().variables, Audience.WORKERS, platform)
    assert {name: each.value for name, each in resolved.items()} == {
        "blender": exe,
        "blenderArgs": "-b -y",
        "ffmpeg": "ffmpeg",
    }


def test_a_file_of_flamenco_3_is_read(file):
    file.write_text(
        """\
# Configuration file for Flamenco Manager.
_meta:
  version: 3
manager_name: Studio
database: /var/lib/flamenco/farm.sqlite
database_check_period: 1h0m0s
listen: 127.0.0.1:9090
autodiscoverable: false
local_manager_storage_path: /var/lib/flamenco/local
shared_storage_path: /render
shaman:
  enabled: false
  garbageCollect:
    period: 24h0m0s
    maxAge: 744h0m0s
task_timeout: 90s
worker_timeout: 1m0s
blocklist_threshold: 5
task_fail_after_softfail_count: 2
mqtt:
  client:
    enabled: true
    broker: mqtt://broker
    clientID: farm
    topic_prefix: flamenco
    username: ""
    password: ""
variables:
  blenderArgs:
    values:
      - platform: all
        value: -b -y --factory-startup
  storage:
    is_twoway: true
    values:
      - platforms: [linux, darwin]
        value: /render
      - platform: windows
        audience: workers
        value: 'R:\\'
"""
    )
    config = load_manager_config(file)
    assert config.manager_name == "Studio"
    assert config.task_timeout == 90
    assert config.mqtt.client.client_id == "farm"
    assert config.address == Address("127.0.0.1", 9090)
    windows = resolve(config.variables, Audience.WORKERS, "windows")
    assert windows["storage"].value == "R:"
    assert windows["blenderArgs"].value == "-b -y --factory-startup"
    assert windows["blender"].value == "blender.exe"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("_meta: {version: 4}", "line 1: _meta.version: expected version 3"),
        ("listen: :80", "_meta: is missing; expected a section with version: 3"),
        (META + "task_timeout: 5", "line 2: task_timeout: expected a duration such as 10m0s"),
        (META + "task_timeout: -5m", "line 2: task_timeout: expected a duration such as 10m0s"),
        (META + "listen: 8080", "line 2: listen: expected an address such as :8080"),
        (META + "listen: ':99999'", "line 2: listen: expected an address such as :8080"),
        (META + "database: ./", "line 2: database: expected the path of a file, found './'"),
        (META + "autodiscoverable: 1", "line 2: autodiscoverable: expected true or false, found 1"),
        (META + "blocklist_threshold: -1", f"a whole number from 0 to {LARGEST}, found -1"),
        (META + f"blocklist_threshold: {2**63}", f"a whole number from 0 to {LARGEST}, found 9"),
        (META + f"manager_name: {'x' * 40_000}", "characters, of 32768 at most, found 'xxx"),
        (META + "shaman: true", "line 2: shaman: expected a section of keys and values, found tr"),
        (
            META + "shaman:\n  garbageCollect:\n    period: x\n",
            "line 4: shaman.garbageCollect.period: expected a duration such as 10m0s",
        ),
        (
            META + "variables:\n  a:\n    values:\n    - {platform: linux}\n    - value: x\n",
            "line 6: variables.a.values[1]: expected a platform",
        ),
        (
            META + "variables:\n  a:\n    values:\n    - {platform: linux, audience: me}\n",
            "line 5: variables.a.values[0].audience: expected all, workers or users, found 'me'",
        ),
        (META + "worker_timeout: 1ns", "from 1s to 100 years, or 0s, found '1ns'"),
        (META + "task_timeout: 999ms", "from 1s to 100 years, or 0s, found '999ms'"),
        (META + "database_check_period: 1us", "from 1s to 100 years, or 0s, found '1us'"),
        (META + "job_type_timeout: 1ns", "a duration from 100ms to 1h, such as 20s"),
        (META + "job_type_timeout: 2h", "a duration from 100ms to 1h, such as 20s"),
        (META + f"job_type_memory: {10**30}", "a whole number of MiB from 256 to 1048576"),
        ("a: [1", "line 1, column 6: is not YAML"),
        ("- 1", "expected keys and values, found a list"),
        (
            META + "listen: :1\nlisten: :2",
            "line 3, column 1: is not YAML: this key is already there",
        ),
        (META + "listen: @80", "line 2, column 9: is not YAML: found character '@' that cannot"),
        (META + "manager_name: 2026-99-99", "looks like a date or a number but isn"),
    ],
)
def test_an_error_is_one_line_with_file_line_key_and_what_was_expected(file, text, message):
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_manager_config(file)
    assert str(caught.value).startswith(str(file))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("task_timeot: 5m", "line 2: task_timeot: unknown key; did you mean task_timeout?"),
        ("database:", "line 2: database: expected the path of a file, found nothing"),
        (
            "task_timeout:",
            "line 2: task_timeout: expected a duration such as 10m0s, from 1s",
        ),
        ("listen:", "line 2: listen: expected an address such as :8080 or 127.0.0.1:8080, found"),
        ("websetup: true", "line 2: websetup: unknown key; expected one of _meta, manager_name"),
        (
            "shaman:\n  garbageCollect:\n    period: 1h\n    extraCheckoutPaths: [/a]",
            "line 5: shaman.garbageCollect.extraCheckoutPaths: unknown key",
        ),
        (
            "variables:\n  a:\n    is_twoway:\n    values: [{platform: linux, value: x}]",
            "line 4: variables.a.is_twoway: expected true or false, found nothing",
        ),
        ("variables:\n  a:\n    values:", "line 4: variables.a.values: expected a list of values"),
    ],
)
def test_what_is_unknown_or_empty_is_warned_of_and_kept(file, text, warning):
    file.write_text(f"{META}{text}\n")
    warnings = []
    config = load_manager_config(file, warnings.append)
    (told,) = warnings
    assert told.startswith(f"{file}, {warning}")
    save_manager_config(attrs.evolve(config, manager_name="New"), file)
    assert file.read_text() == f"{META}{text}\nmanager_name: New\n"


def test_over_the_api_nothing_is_unknown():
    with pytest.raises(ConfigError, match="task_timeot: unknown key; did you mean task_timeout"):
        manager_config_from({"task_timeot": "5m"})


def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_manager_config(tmp_path)


def test_a_new_file_has_all_keys_and_is_readable_by_its_owner_only(file):
    save_manager_config(ManagerConfig(), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_manager_config(file) == ManagerConfig()
    assert "task_timeout: 10m0s" in file.read_text()
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_saving_keeps_a_link_and_the_mode_of_the_file_that_it_leads_to(file, tmp_path):
    real = tmp_path / "etc" / "farm.yaml"
    real.parent.mkdir()
    save_manager_config(ManagerConfig(), real)
    real.chmod(0o640)
    file.symlink_to("etc/farm.yaml")
    save_manager_config(ManagerConfig(manager_name="North"), file)
    assert file.is_symlink()
    assert load_manager_config(real).manager_name == "North"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    kept = real.with_name("farm.yaml.1")
    assert sorted(real.parent.iterdir()) == [real, kept]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives a file to somebody else")
def test_saving_keeps_the_owner_of_the_file(file):
    save_manager_config(ManagerConfig(), file)
    os.chown(file, 12345, 23456)
    file.chmod(0o660)
    save_manager_config(ManagerConfig(manager_name="North"), file)
    about = file.stat()
    assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (12345, 23456, 0o660)


def test_what_a_killed_process_left_of_a_file_is_swept_away_and_nothing_else(file, tmp_path):
    killed = (
        "import os, sys, pathlib; from flamenco.config.manager import *;"
        "pathlib.Path.replace = lambda *_: os._exit(9);"
        "save_manager_config(ManagerConfig(manager_name='X'), pathlib.Path(sys.argv[1]))"
    )
    real = tmp_path / "etc" / file.name
    real.parent.mkdir()
    others = [
        real.parent / f".{name}" for name in (f"{file.name}-20260101", f"my-{file.name}-x.begun")
    ]
    for each in [real, *others]:
        each.write_text(META)
    file.symlink_to(real)
    assert subprocess.run([sys.executable, "-c", killed, file], check=False).returncode == 9
    assert len(list(real.parent.iterdir())) == 5
    sweep(file)
    assert sorted(real.parent.iterdir()) == sorted([real, *others])


def test_saving_keeps_comments_and_order_and_all_that_did_not_change(file):
    file.write_text(
        "# ours\n_meta: {version: 3}\nworker_timeout: 90s # patient\ntask_timeout: 5m\n"
    )
    config = attrs.evolve(
        load_manager_config(file), task_timeout=60.0, shaman=ShamanConfig(enabled=False)
    )
    save_manager_config(config, file)
    assert file.read_text() == (
        "# ours\n_meta: {version: 3}\nworker_timeout: 90s # patient\ntask_timeout: 1m0s\n"
        "shaman:\n  enabled: false\n"
    )
    assert load_manager_config(file) == config


def test_saving_drops_a_variable_that_is_gone(file):
    file.write_text(META + "variables: {a: {values: [{platform: all, value: x}]}}\n")
    config = load_manager_config(file)
    assert "a" in config.variables
    save_manager_config(ManagerConfig(), file)
    assert load_manager_config(file) == ManagerConfig()


def test_a_broken_file_is_not_overwritten(file):
    file.write_text("task_timeout: [")
    with pytest.raises(ConfigError):
        save_manager_config(ManagerConfig(), file)
    assert file.read_text() == "task_timeout: ["


def test_a_folder_that_is_missing_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        save_manager_config(ManagerConfig(), tmp_path / "gone" / "flamenco-manager.yaml")


def test_the_values_for_the_api_have_the_keys_of_the_file_and_are_read_back():
    values = manager_config_values(ManagerConfig(manager_name="X"))
    assert values["manager_name"] == "X"
    assert values["shaman"]["garbageCollect"]["maxAge"] == "744h0m0s"
    assert manager_config_from(values) == ManagerConfig(manager_name="X")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=12))
@example("\x85")
@example("\ufeff: {}#'\"\n\t ")
def test_whatever_is_accepted_is_read_back_from_the_file(text):
    variables = {text: {"values": [{"platform": "all", "value": text}]}}
    try:
        config = manager_config_from({"manager_name": text, "variables": variables})
    except ConfigError:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flamenco-manager.yaml"
        for written in (config, ManagerConfig(), config):
            save_manager_config(written, file)
            assert load_manager_config(file) == written


@pytest.mark.parametrize("key", ["database", "shared_storage_path", "local_manager_storage_path"])
def test_a_path_has_no_control_characters(key):
    for text in ("a\0", "a\nb", "a\tb"):
        with pytest.raises(ConfigError, match=key):
            manager_config_from({key: text})


def test_an_error_in_values_from_the_api_names_the_key():
    with pytest.raises(ConfigError, match=r"mqtt\.client\.enabled: expected true or"):
        manager_config_from({"mqtt": {"client": {"enabled": "yes"}}})


class TestPaths:
    def test_with_a_storage_folder_everything_lies_in_it(self, tmp_path):
        paths = ManagerConfig(shaman=ShamanConfig(enabled=True)).paths(storage=tmp_path)
        assert paths.database == tmp_path / "flamenco-manager.sqlite"
        assert paths.local == tmp_path / "local"
        assert paths.shared == tmp_path / "shared"
        assert paths.jobs == tmp_path / "shared" / "jobs"
        assert paths.scripts == tmp_path / "scripts"

    def test_what_the_configuration_names_stays_where_it_is(self, tmp_path):
        config = ManagerConfig(
            database="file:/db/farm.sqlite?mode=rwc",
            local_manager_storage_path="/logs",
            shared_storage_path="/render",
            shaman=ShamanConfig(enabled=False),
        )
        paths = config.paths(storage=tmp_path)
        assert [str(each) for each in (paths.database, paths.local, paths.shared, paths.jobs)] == [
            "/db/farm.sqlite",
            "/logs",
            "/render",
            "/render",
        ]

    def test_without_a_storage_folder_shared_storage_waits_to_be_chosen(self, tmp_path):
        paths = ManagerConfig().paths(folder=tmp_path)
        assert paths.local == tmp_path / "flamenco-manager-storage"
        assert paths.shared is None
        assert paths.jobs is None
        assert paths.scripts == tmp_path / "scripts"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", Address("", 8080)),
        ("0.0.0.0:1", Address("0.0.0.0", 1)),  # noqa: S104 - only parsed
        ("[::1]:80", Address("::1", 80)),
        ("farm.local:0", Address("farm.local", 0)),
    ],
)
def test_an_address_is_host_and_port(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "8080", "host", "host:", "::1:80", ":65536", ":http"])
def test_what_is_no_address_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="expected an address such as :8080"):
        parse_address(text)
