"""Arguments that a Blender which stays open may have been started with."""

import pytest

from flamenco.jobtypes.builtin.simple_blender_render import (
    DEPTH,
    OUTPUT_OVERRIDES,
    size_samples_and_layer,
)
from worker.warm.arguments import are_understood

SETTINGS = {"resolution_percentage": 50, "samples": 16}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-b", "-y", "--factory-startup"],
        ["--scene", "--python", "--render-output", "/render/-P/######", "-F", "PNG", "-t", "0"],
        [
            "--python-expr",
            "\n".join([OUTPUT_OVERRIDES, *size_samples_and_layer(SETTINGS | {"view_layer": "A"})]),
        ],
        ["--python-expr", DEPTH.format("16")],
    ],
)
def test_what_only_sets_up_the_render_is_understood(words):
    assert are_understood(words)


@pytest.mark.parametrize(
    "words",
    [
        ["--python", "rig.py"],
        ["-b", "--addons", "rig"],
        ["--python-expr", "import bpy; bpy.app.handlers.frame_change_pre.append(print)"],
        ["--python-expr", "import os"],
        ["--python-expr", "import bpy\nbpy.app.handlers.frame_change_pre += [print]"],
        ["--python-expr", "def frame(scene): pass"],
        ["--python-expr", "not Python"],
        ["--python-expr"],
        ["--scene"],
        ["--unheard-of"],
        ["other.blend"],
        ["--", "--scene"],
    ],
)
def test_what_may_do_anything_is_not(words):
    assert not are_understood(words)
