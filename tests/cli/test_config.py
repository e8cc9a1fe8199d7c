"""`flamenco config` checks, shows and compares configuration files."""

import json

import pytest

from flamenco.cli.app import run
from flamenco.config.errors import ConfigError
from flamenco.config.manager import ManagerConfig, manager_config_from, save_manager_config

META = "_meta: {version: 3}\n"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "flamenco-manager.yaml"


def test_all_mistakes_of_a_file_are_told_at_once_each_with_line_and_key(path, capsys):
    path.write_text(META + "listen: 80\nshaman: {enabled: maybe}\ntask_timeout: soon\n")
    assert run(["config", "check"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(", ")[1].split(": ")[:2] for line in err.splitlines()] == [
        ["line 2", "listen"],
        ["line 3", "shaman.enabled"],
        ["line 4", "task_timeout"],
    ]


def test_mistakes_of_the_file_and_of_the_environment_are_told_together(path, capsys, monkeypatch):
    path.write_text(META + "listen: 80\n")
    monkeypatch.setenv("FLAMENCO_MANAGER__FOO", "1")
    assert run(["config", "check"]) == 1
    assert [line.split(": ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "listen",
        "FLAMENCO_MANAGER__FOO",
    ]


@pytest.mark.parametrize(
    "text",
    [
        ": 2",
        "? [a]\n: b",
        "<<: [{a: b}]",
        "x: !!int ''",
        f"manager_name: {'[' * 3000}",
        f"variables: {'[' * 400}{']' * 400}",
        "variables: &a [*a]",
        "shaman: !!omap [a: 1]",
    ],
)
def test_whatever_is_in_a_file_is_told_in_lines(path, capsys, text):
    path.write_text(META + text + "\n")
    run(["config", "check"])
    assert capsys.readouterr().err.startswith("flamenco: flamenco-manager.yaml")


def test_a_flood_of_mistakes_is_cut_off():
    with pytest.raises(ConfigError) as caught:
        manager_config_from({"shaman": {f"k{number}": 1 for number in range(5000)}})
    assert len(caught.value.all) == 100


def test_what_has_no_effect_is_a_warning(path, capsys):
    path.write_text(META + "foo: 1\n")
    assert run(["config", "check"]) == 0
    out, err = capsys.readouterr()
    assert out == "flamenco-manager.yaml: good\n"
    assert "line 2: foo: unknown key" in err


def test_a_wrong_variable_of_the_environment_is_told(path, capsys, monkeypatch):
    path.write_text(META)
    monkeypatch.setenv("FLAMENCO_MANAGER__LISTEN", "x")
    assert run(["config", "check"]) == 1
    assert "environment: FLAMENCO_MANAGER__LISTEN: " in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(path, capsys):
    assert run(["config", "check"]) == 1
    assert "there is no configuration file" in capsys.readouterr().err


def test_each_value_is_shown_with_its_origin_and_no_secret(path, capsys, monkeypatch):
    path.write_text(META + "listen: :81\nregistration_secret: hunter2\n")
    monkeypatch.setenv("FLAMENCO_MANAGER__SHAMAN__ENABLED", "false")
    assert run(["config", "show", "--json"]) == 0
    out = capsys.readouterr().out
    shown = json.loads(out)
    assert shown["listen"] == {"value": ":81", "from": "line 2"}
    assert shown["shaman.enabled"]["from"] == "FLAMENCO_MANAGER__SHAMAN__ENABLED"
    assert shown["manager_name"] == {"value": "Flamenco", "from": "default"}
    assert "hunter2" not in out
    assert run(["config", "show"]) == 0
    assert "listen: :81  (line 2)\n" in capsys.readouterr().out


def test_a_workers_file_is_shown(path, capsys):
    (path.parent / "flamenco-worker.yaml").write_text("task_types: [misc]\nsoftware: [maya 1.2]\n")
    assert run(["config", "show", "--worker", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["task_types"]["value"] == ["misc"]


def test_a_workers_name_and_address_are_shown_as_they_count(path, capsys, monkeypatch):
    (path.parent / "flamenco-worker.yaml").write_text("manager_url: http://me:hunter2@host/\n")
    monkeypatch.setenv("FLAMENCO_WORKER_NAME", "anna")
    assert run(["config", "show", "--worker", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["worker_name"] == {"value": "anna", "from": "FLAMENCO_WORKER_NAME"}
    assert shown["manager_url"]["value"] == "http://********@host/"


def test_a_file_is_compared_with_what_it_was_before_its_latest_change(path, capsys):
    save_manager_config(ManagerConfig(manager_name="One"), path)
    assert run(["config", "diff"]) == 1
    assert capsys.readouterr().out == "- manager_name: Flamenco\n+ manager_name: One\n"
    save_manager_config(ManagerConfig(manager_name="Two", registration_secret="hunter2"), path)
    save_manager_config(ManagerConfig(manager_name="Two", registration_secret="hunter3"), path)
    assert run(["config", "diff"]) == 1
    shown = capsys.readouterr().out
    assert "registration_secret" in shown
    assert "hunter" not in shown
    assert run(["config", "diff", str(path), f"{path}.2"]) == 1
    assert "- manager_name: One\n+ manager_name: Two\n" in capsys.readouterr().out
    assert run(["config", "diff", str(path), str(path)]) == 0


def test_the_last_ten_versions_are_kept(path):
    for number in range(13):
        save_manager_config(ManagerConfig(manager_name=f"Name {number}"), path)
    kept = {each.name: each.read_text() for each in path.parent.glob("flamenco-manager.yaml*")}
    assert len(kept) == 11
    assert "Name 12" in kept[path.name]
    assert "Name 11" in kept[f"{path.name}.1"]
    assert "Name 2" in kept[f"{path.name}.10"]


def test_a_change_of_nothing_keeps_no_version(path):
    for _ in range(3):
        save_manager_config(ManagerConfig(manager_name="Same"), path)
    assert list(path.parent.glob("*.yaml.*")) == []


def test_versions_lie_beside_the_file_that_a_link_leads_to(path, capsys):
    real = path.parent / "etc" / "farm.yaml"
    real.parent.mkdir()
    save_manager_config(ManagerConfig(manager_name="One"), real)
    path.symlink_to(real)
    save_manager_config(ManagerConfig(manager_name="Two"), path)
    assert run(["config", "diff"]) == 1
    assert "- manager_name: One\n" in capsys.readouterr().out
