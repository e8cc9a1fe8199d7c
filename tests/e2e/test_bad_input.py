"""A mistake is reported in one line on stderr, with a status that isn't zero."""

import os
import shutil
import socket
import subprocess

import pytest

from tests.e2e.running import FLAMENCO, run, running_manager
from tests.programs import need

pytestmark = pytest.mark.slow


def complaint(*arguments: object, status: int = 1, **options) -> str:
    """The one line a command says before it ends with this status."""
    result = run(*arguments, **options)
    assert result.returncode == status, result.stderr
    lines = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = complaint("manager", "--storage", tmp_path, "--listen", f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in said
    assert "in use" in said


@pytest.mark.parametrize("listen", ["nonsense", ":99999", "127.0.0.1", "a b:80"])
def test_an_address_that_is_none(tmp_path, listen):
    assert "--listen" in complaint("manager", "--storage", tmp_path, "--listen", listen)


@pytest.mark.parametrize("command", ["", "manager", "worker", "submit", "demo"])
def test_an_unknown_option(command):
    words = [word for word in (command, "--colour") if word]
    assert "--colour" in complaint(*words, status=2)


def test_an_unknown_command():
    assert "paint" in complaint("paint", status=2)


def test_a_configuration_with_a_wrong_value(tmp_path):
    file = tmp_path / "flamenco-manager.yaml"
    file.write_text("_meta:\n  version: 3\nlisten: 80\n")
    said = complaint("manager", "--config", file, "--storage", tmp_path)
    assert "line 3: listen" in said


def test_a_configuration_that_is_not_there(tmp_path):
    assert "no.yaml" in complaint("manager", "--config", tmp_path / "no.yaml")


def test_a_database_that_is_none(tmp_path):
    (tmp_path / "flamenco-manager.sqlite").write_bytes(b"x" * 5000)
    said = complaint("manager", "--storage", tmp_path, "--listen", "127.0.0.1:0")
    assert "cannot open the database" in said


def test_a_storage_that_is_a_file(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    said = complaint("manager", "--storage", file, "--listen", "127.0.0.1:0")
    assert str(file) in said


def test_the_demo_with_a_blender_that_is_not_there(tmp_path):
    said = complaint("demo", "--blender", "blendr", "--storage", tmp_path, "--exit")
    assert "blendr" in said


def test_a_manager_that_does_not_answer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    blend = tmp_path / "a.blend"
    blend.write_bytes(b"BLENDER")
    said = complaint("submit", blend, "--manager", f"http://127.0.0.1:{port}")
    assert "no answer from the Manager" in said


def test_a_file_that_is_no_blend(tmp_path):
    need("blender")
    blend = tmp_path / "broken.blend"
    blend.write_bytes(b"this is no blend file")
    with running_manager(tmp_path / "farm") as url:
        said = complaint("submit", blend, "--manager", url)
        assert "broken.blend" in said
        missing = complaint("submit", tmp_path / "missing.blend", "--manager", url)
        assert "missing.blend" in missing
        said = complaint("submit", blend, "--manager", url, "--blender", "blendr")
        assert "blendr" in said


def test_a_full_disk_from_the_start(tmp_path):
    need("unshare")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=24k tmpfs {disk} && exec "$@"'
    rights = ["-m"] if os.geteuid() == 0 else ["-rm"]
    command = [*FLAMENCO, "manager", "--storage", str(disk), "--listen", "127.0.0.1:0"]
    result = subprocess.run(
        [shutil.which("unshare"), *rights, "sh", "-c", mount, "sh", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert result.returncode == 1
    assert len(lines) == 1, result.stderr
    assert "full" in lines[0] or "space" in lines[0]
