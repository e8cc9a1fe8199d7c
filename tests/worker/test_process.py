"""The Worker's process, and those of its programs."""

import subprocess
import sys

from worker.process import program_environment, without_our_python


def test_a_virtual_environment_is_not_handed_on_to_programs():
    environment = {
        "PATH": "/farm/.venv/bin:/usr/local/bin:/farm/.venvs/bin:/usr/bin",
        "VIRTUAL_ENV": "/farm/.venv",
        "HOME": "/home/farm",
    }
    assert without_our_python(environment, "/farm/.venv") == {
        "PATH": "/usr/local/bin:/farm/.venvs/bin:/usr/bin",
        "HOME": "/home/farm",
    }


def test_programs_do_not_see_the_farms_secret(monkeypatch):
    monkeypatch.setenv("FLAMENCO_REGISTRATION_SECRET", "open sesame")
    monkeypatch.setenv("LICENCE_SERVER", "here")
    environment = program_environment()
    assert "FLAMENCO_REGISTRATION_SECRET" not in environment
    assert environment["LICENCE_SERVER"] == "here"


def test_a_worker_carries_nothing_of_the_manager():
    """It runs on every machine of the farm, beside renders that need the memory."""
    program = """
import sys
import flamenco.cli.worker
heavy = {"web", "quart", "hypercorn", "sqlite_utils", "flamenco.manager", "flamenco.store"}
sys.exit(" ".join(heavy & sys.modules.keys()) or 0)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
