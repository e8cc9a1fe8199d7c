"""Of which frame an image is, by the parameters of its task's commands."""

import pytest

from flamenco.model.jobs import Command
from flamenco.model.pictures import only_frame


@pytest.mark.parametrize(
    ("parameters", "frame"),
    [
        ({"frames": "7"}, 7),
        ({"frame": -3}, -3),
        ({"args": ["-f", "5"]}, 5),
        ({"frames": "1-9"}, None),
        ({"args": 5}, None),
        ({"args": "-f 5"}, None),
        ({"args": {"-f": 5}}, None),
    ],
)
def test_a_single_frame_is_read_from_any_parameters(parameters, frame):
    assert only_frame([Command("custom", parameters)]) == frame
