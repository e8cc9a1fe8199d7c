"""`flamenco worker install-service`: the unit, and what it promises of the Worker's life."""

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from tests.e2e.running import run
from worker.service import Service, unit_file
from worker.worker import SIGN_OFF_SECONDS, SIGNALLED_EXIT_CODE

SERVICE = Service(
    command=[sys.executable, "-m", "flamenco", "worker", "--name", '50% of $HOME "x" \\ y'],
    folder=Path("/"),
    restart_exit_code=47,
    path="/usr/bin:/opt/my blender",
)
EACH_KIND = pytest.mark.parametrize("user", ["", "root"], ids=["own", "of the machine"])


def parsed(text):
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(text)
    return unit


@EACH_KIND
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path, user):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    file = tmp_path / "flamenco-worker.service"
    file.write_text(attrs.evolve(SERVICE, user=user).unit())
    checked = subprocess.run([analyze, "verify", file], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_worker_ends_before_systemd_kills_it_and_is_started_again_when_it_should_be():
    service = parsed(SERVICE.unit())["Service"]
    assert int(service["TimeoutStopSec"]) > 20 > SIGN_OFF_SECONDS
    assert service["KillMode"] == "mixed"  # Blender is the Worker's to stop
    assert service["RestartForceExitStatus"] == "47"
    assert "0" in service["RestartPreventExitStatus"].split()  # shut down from the page
    assert str(SIGNALLED_EXIT_CODE) in service["SuccessExitStatus"].split()
    assert service["OOMPolicy"] == "continue"  # the kernel ended Blender, not the Worker


def test_words_reach_the_worker_as_they_were_given():
    service = parsed(SERVICE.unit())["Service"]
    words = shlex.split(service["ExecStart"].replace("%%", "%").replace("$$", "$"))
    assert words == SERVICE.command
    assert service["Environment"] == '"PATH=/usr/bin:/opt/my blender"'


@pytest.mark.parametrize("name", ["", "../x", "a b", "x/y"])
def test_a_name_that_is_none_of_a_unit_is_refused(name):
    with pytest.raises(ValueError, match="flamenco-worker"):
        unit_file(name, of_machine=False)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A user's settings, in which units lie."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return tmp_path / "settings" / "systemd" / "user"


@pytest.mark.slow
class TestCommand:
    def test_the_unit_is_written_and_the_next_steps_are_told(self, settings, tmp_path):
        config = tmp_path / "flamenco-worker.yaml"
        config.write_text("restart_exit_code: 51\n")
        done = run("worker", "install-service", "--manager", "farm:8080", "--config", config)
        assert done.returncode == 0
        assert "systemctl --user enable --now flamenco-worker" in done.stdout
        service = parsed((settings / "flamenco-worker.service").read_text())["Service"]
        assert service["RestartForceExitStatus"] == "51"
        assert service["WorkingDirectory"] == str(tmp_path)
        assert service["ExecStart"].endswith(
            f"-m flamenco worker --manager farm:8080 --config {config} --restart-exit-code 51"
        )

    def test_a_dry_run_only_prints(self, settings):
        done = run("worker", "install-service", "--dry-run", "--system", "render")
        assert parsed(done.stdout)["Service"]["User"] == "render"
        assert not settings.exists()

    def test_a_unit_that_somebody_changed_is_left_alone(self, settings):
        settings.mkdir(parents=True)
        (settings / "mine.service").write_text("[Unit]\n")
        done = run("worker", "install-service", "--unit", "mine")
        assert done.returncode == 1
        assert "already exists and is different" in done.stderr
        assert (settings / "mine.service").read_text() == "[Unit]\n"
