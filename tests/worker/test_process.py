"""Programs run without the Worker's own Python in their way."""

from worker.process import without_our_python


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
