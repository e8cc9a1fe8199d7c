"""The environment overrides the file; what is wrong with it is told like a mistake there."""

import pytest

from flamenco.config.environment import MANAGER, overridden, overrides_of
from flamenco.config.errors import ConfigError
from flamenco.config.installation import Installation
from flamenco.config.manager import ManagerConfig
from flamenco.config.worker import load_worker_config

META = "_meta: {version: 3}\n"


def manager(**variables):
    return overridden(ManagerConfig(), overrides_of(ManagerConfig, MANAGER, variables))


@pytest.mark.parametrize(
    ("variable", "text", "keys", "value"),
    [
        ("MANAGER_NAME", "0123", ("manager_name",), "0123"),
        ("LISTEN", ":81", ("listen",), ":81"),
        ("TASK_TIMEOUT", "30m", ("task_timeout",), 1800),
        ("BLOCKLIST_THRESHOLD", "7", ("blocklist_threshold",), 7),
        ("AUTODISCOVERABLE", "false", ("autodiscoverable",), False),
        ("ALLOWED_HOSTS", "a.lan, b.lan", ("allowed_hosts",), ("a.lan", "b.lan")),
        ("SHAMAN__ENABLED", "false", ("shaman", "enabled"), False),
        ("SHAMAN__GARBAGECOLLECT__MAXAGE", "1h", ("shaman", "garbage_collect", "max_age"), 3600),
    ],
)
def test_a_variable_sets_its_key(variable, text, keys, value):
    config = manager(**{f"FLAMENCO_MANAGER__{variable}": text})
    for key in keys:
        config = getattr(config, key)
    assert config == value


def test_sections_keep_what_the_environment_does_not_name():
    file = ManagerConfig(manager_name="North")
    found = overrides_of(ManagerConfig, MANAGER, {"FLAMENCO_MANAGER__SHAMAN__ENABLED": "false"})
    config = overridden(file, found)
    assert config.manager_name == "North"
    assert config.shaman.garbage_collect == file.shaman.garbage_collect


def test_variables_are_given_as_yaml():
    text = "{ffmpeg: {values: [{platform: all, value: /opt/ffmpeg}]}}"
    config = manager(FLAMENCO_MANAGER__VARIABLES=text)
    assert config.variables["ffmpeg"].values[0].value == "/opt/ffmpeg"


def test_a_secret_may_be_in_a_file_of_its_own(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    found = {"FLAMENCO_MANAGER__MQTT__CLIENT__PASSWORD_FILE": str(secret)}
    assert manager(**found).mqtt.client.password == "hunter2"


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("FOO", "1", "FLAMENCO_MANAGER__FOO: is no key"),
        ("SHAMAN", "1", "FLAMENCO_MANAGER__SHAMAN: is no key"),
        ("LISTEN__HOST", "1", "FLAMENCO_MANAGER__LISTEN__HOST: is no key"),
        ("LISTEN_FILE", "/etc/hostname", "FLAMENCO_MANAGER__LISTEN_FILE: is no key"),
        ("TASK_TIMEOUT", "soon", "expected a duration such as 10m0s"),
        ("SHAMAN__ENABLED", "maybe", "expected true or false, found 'maybe'"),
        ("BLOCKLIST_THRESHOLD", "{a", "is not YAML"),
        ("REGISTRATION_SECRET_FILE", "/nowhere/at/all", "No such file"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(variable, text, told):
    with pytest.raises(ConfigError) as caught:
        manager(**{f"FLAMENCO_MANAGER__{variable}": text})
    assert str(caught.value).startswith(f"environment: FLAMENCO_MANAGER__{variable}: ")
    assert told in str(caught.value)


def test_a_secret_that_is_wrong_is_not_quoted():
    with pytest.raises(ConfigError) as caught:
        manager(FLAMENCO_MANAGER__REGISTRATION_SECRET="hunter\x002")
    assert "hunter" not in str(caught.value)


def test_all_wrong_variables_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        manager(FLAMENCO_MANAGER__FOO="1", FLAMENCO_MANAGER__LISTEN="x")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "FLAMENCO_MANAGER__FOO",
        "FLAMENCO_MANAGER__LISTEN",
    ]


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path):
    path = tmp_path / "flamenco-manager.yaml"
    path.write_text(META + "listen: :1\nmanager_name: File\n")
    said = {"FLAMENCO_MANAGER__LISTEN": ":2", "FLAMENCO_MANAGER__MANAGER_NAME": "Environment"}
    loaded = Installation(file=path, listen=":3", environment=said).load()
    assert (loaded.listen, loaded.manager_name) == (":3", "Environment")


def test_a_worker_is_set_up_by_its_environment(tmp_path):
    path = tmp_path / "flamenco-worker.yaml"
    path.write_text("manager_url: http://file/\nniceness: 3\n")
    said = {
        "FLAMENCO_WORKER__MANAGER_URL": "http://environment/",
        "FLAMENCO_WORKER__TASK_TYPES": "[misc]",
        "FLAMENCO_WORKER_NAME": "old",
    }
    config = load_worker_config(path, environment=said)
    assert (config.manager_url, config.task_types) == ("http://environment/", ("misc",))
    assert (config.name, config.niceness) == ("old", 3)
