"""`flamenco-worker.yaml`: what it says, and how its mistakes are named."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from flamenco.config.errors import ConfigError
from flamenco.config.worker import home_folder, load_worker_config, normal_url
from flamenco.model.specs import Gpu, Software

FULL = """
# of the render room
worker_name: render-07
manager_url: manager.studio:8080
registration_secret: open sesame
task_types: [Blender, misc]
restart_exit_code: 47
oom_score_adjust: 500
niceness: 10
silence_limit: 30m
exec: [oiiotool, " /opt/hython"]
capabilities: [Licence-X, big-disk]
software: [blender 4.20, Cinema 4D, Houdini FX 20.5.332, "nuke 15"]
memory_mib: 60000
cores: 30
gpus: [{kind: OptiX, name: RTX 4090, memory_mib: 24564}, {kind: cuda}]
"""


def test_every_key_is_read(tmp_path):
    file = tmp_path / "flamenco-worker.yaml"
    file.write_text(FULL)
    config = load_worker_config(file, environment={"FLAMENCO_HOME": "/srv/flamenco"})
    assert config.name == "render-07"
    assert config.manager_url == "http://manager.studio:8080/"
    assert config.registration_secret == "open sesame"
    assert "sesame" not in repr(config)
    assert config.task_types == ("blender", "misc")
    assert config.restart_exit_code == 47
    assert config.oom_score_adjust == 500
    assert (config.niceness, config.silence_limit) == (10, 1800)
    assert config.exec == ("oiiotool", "/opt/hython")
    assert config.capabilities == ("Licence-X", "big-disk")
    assert config.software == (
        Software("blender", "4.20"),
        Software("Cinema 4D"),
        Software("Houdini FX", "20.5.332"),
        Software("nuke", "15"),
    )
    assert (config.memory_mib, config.cores) == (60000, 30)
    assert config.gpus == (Gpu("optix", "RTX 4090", 24564), Gpu("cuda"))
    assert config.home == Path("/srv/flamenco")


@pytest.mark.parametrize("content", [None, "", "# nothing here\n"])
def test_a_missing_or_empty_file_gives_the_defaults(tmp_path, content):
    file = tmp_path / "flamenco-worker.yaml"
    if content is not None:
        file.write_text(content)
    config = load_worker_config(file, environment={})
    assert config.name == socket.gethostname()
    assert not config.manager_url  # it is searched for
    assert config.task_types == ("blender", "ffmpeg", "file-management", "misc")
    assert config.restart_exit_code == 0
    assert config.oom_score_adjust is None
    assert (config.niceness, config.silence_limit) == (0, 7200)
    assert config.exec is None
    assert (config.capabilities, config.software) == ((), ())
    assert (config.memory_mib, config.cores, config.gpus) == (None, None, None)


def test_the_environment_names_the_worker_unless_the_file_does(tmp_path):
    environment = {"FLAMENCO_WORKER_NAME": "from-environment"}
    file = tmp_path / "flamenco-worker.yaml"
    assert load_worker_config(file, environment=environment).name == "from-environment"
    file.write_text("worker_name: from-file")
    assert load_worker_config(file, environment=environment).name == "from-file"


def test_the_environment_tells_the_farms_secret_unless_the_file_does(tmp_path):
    environment = {"FLAMENCO_REGISTRATION_SECRET": "from-environment"}
    file = tmp_path / "flamenco-worker.yaml"
    assert load_worker_config(file, environment=environment).registration_secret == (
        "from-environment"
    )
    file.write_text("registration_secret: from-file")
    assert load_worker_config(file, environment=environment).registration_secret == "from-file"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_no_task_can_read_the_farms_secret_from_the_workers_environment():
    code = (
        "from pathlib import Path; from flamenco.config.worker import hide_secret; hide_secret(); "
        "import os; print(Path('/proc/self/environ').read_bytes(), dict(os.environ))"
    )
    environment = {**os.environ, "FLAMENCO_REGISTRATION_SECRET": "open sesame", "KEPT": "kept"}
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "open sesame" not in shown.stdout
    assert "KEPT=kept" in shown.stdout


def test_the_command_line_overrules_the_file(tmp_path):
    file = tmp_path / "flamenco-worker.yaml"
    file.write_text("manager_url: http://one/")
    config = load_worker_config(file, manager_url="https://two/farm", environment={})
    assert config.manager_url == "https://two/farm/"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\ntask_types: blender", "line 2: task_types: expected a list of task types"),
        ("restart_exit_code: yes please", "line 1: restart_exit_code: expected an exit code"),
        (
            "restart_exit_code: 256",
            "line 1: restart_exit_code: expected an exit code from 0 to 255",
        ),
        ("oom_score_adjust: 2000", "line 1: oom_score_adjust: expected a whole number from -1000"),
        ("capabilities: x", "line 1: capabilities: expected a list of words such as [licence-x]"),
        ("exec: sometimes", "line 1: exec: expected true, false, or a list of programs"),
        ("software: [{a: b}]", "line 1: software: expected a list of programs and versions"),
        ("memory_mib: 64 GiB", "line 1: memory_mib: expected a whole number from 1, or nothing"),
        ("cores: 0", "line 1: cores: expected a whole number from 1, or nothing"),
        ("gpus: [cuda]", "line 1: gpus: expected a list of cards such as [{kind: optix"),
        ("gpus: [{kind: cuda, memory: 8}]", "line 1: gpus: expected a list of cards"),
        ("gpus: [{name: T400}]", "line 1: gpus: expected a list of cards"),
        ("gpus: {}", "line 1: gpus: expected a list of cards"),
        ("manager_url: ftp://there", "line 1: manager_url: expected an address such as http://"),
        ("worker_name: [", "line 1, column 15: is not YAML"),
        ("- a\n- b", "expected keys and values, found a list"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(tmp_path, content, message):
    file = tmp_path / "flamenco-worker.yaml"
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_worker_config(file, environment={})
    assert str(file) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        ("worker_nam: b", "line 2: worker_nam: unknown key; did you mean worker_name"),
        ("niceness:", "line 2: niceness: expected a whole number from 0 to 19, found nothing"),
    ],
)
def test_what_is_unknown_or_empty_is_warned_of(tmp_path, content, warning):
    file = tmp_path / "flamenco-worker.yaml"
    file.write_text(f"worker_name: a\n{content}\n")
    warnings = []
    assert load_worker_config(file, environment={}, warn=warnings.append).name == "a"
    (told,) = warnings
    assert told.startswith(f"{file}, {warning}")


@pytest.mark.parametrize("text", ["", "http://", "ftp://x/", "two words"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="expected an address"):
        normal_url(text)


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/flamenco"),
        ("darwin", {}, "~/Library/Application Support/Flamenco"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/Blender Foundation/Flamenco"),
        ("linux", {}, "~/.local/share/flamenco"),
        ("linux", {"FLAMENCO_HOME": "/anywhere"}, "/anywhere"),
    ],
)
def test_the_home_folder_is_where_the_platform_keeps_data(platform, environment, folder):
    assert home_folder(environment, platform) == Path(folder).expanduser()
