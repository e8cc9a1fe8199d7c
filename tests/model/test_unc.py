import pytest

from flamenco.model.jobs import Command
from flamenco.model.unc import Shares, with_backslashes
from flamenco.model.variables import Audience, expander

SETTINGS = {
    "blendfile": "//SERVER/share/a b/x.blend",
    "beside": "//only-one-part",
    "output": r"\\SERVER\share\out\####",
    "frames": 3,
    "other": "/a/b",
}


def test_paths_on_servers_get_the_backslashes_of_windows():
    assert with_backslashes(SETTINGS, "windows") == {
        "blendfile": r"\\SERVER\share\a b\x.blend",
        "beside": "//only-one-part",
        "output": r"\\SERVER\share\out\####",
        "frames": 3,
        "other": "/a/b",
    }


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_on_other_platforms_two_slashes_are_no_server(platform):
    assert with_backslashes(SETTINGS, platform) == SETTINGS


def test_what_a_job_type_made_of_such_a_path_is_one_too():
    shares = Shares.of(with_backslashes(SETTINGS, "windows"))
    made = {
        "blendfile": "//SERVER/share/a b/x.blend",
        "args": ["-o", "//server/share/out/####", "//textures/of/blender", 3],
        "n": 1,
    }
    (command,) = shares.commands([Command("blender-render", made, 2)])
    assert command.parameters == {
        "blendfile": r"\\SERVER\share\a b\x.blend",
        "args": ["-o", r"\\server\share\out\####", "//textures/of/blender", 3],
        "n": 1,
    }
    assert command.total_step_count == 2


def test_a_job_without_such_a_path_is_left_alone():
    shares = Shares.of(with_backslashes(SETTINGS, "linux") | {"output": "/x"})
    command = Command("x", {"path": "//SERVER/share/a"})
    assert shares.commands([command]) == (command,)


@pytest.mark.parametrize(
    ("platform", "path"),
    [("windows", r"\\SERVER\share\a\b"), ("linux", "//SERVER/share/a/b")],
)
def test_each_worker_gets_the_separators_of_its_platform(platform, path):
    expand = expander({}, Audience.WORKERS, platform, "linux")
    assert expand.text(r"\\SERVER\share\a/b") == path
