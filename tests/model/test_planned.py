"""The frames that a task makes are read from the parameters of its commands."""

import pytest

from flamenco.model.frames import MOST_FRAME
from flamenco.model.jobs import Command
from flamenco.model.planned import MOST_RUNS, only_frame, planned_frames
from worker.commands import COMMANDS

RENDERING = {
    "blender-render",
    "test-frame",
    "render-image-part",
    "join-image-parts",
    "finish-image",
}


def rendering(*args: object, **more: object) -> Command:
    return Command("blender-render", {"exe": "{blender}", "args": list(args), **more})


@pytest.mark.parametrize(
    ("command", "frames"),
    [
        (rendering("--render-frame", "1..10"), "1-10"),
        (rendering("--render-format", "PNG", "-f", "7"), "7"),
        (rendering("-f", 7), "7"),
        (rendering("-f", "1,3..5,9,10"), "1,3-5,9,10"),
        (rendering("-f", "1", "-f", "2"), "1,2"),
        (rendering("-s", "5", "-e", "8", "-a"), "5-8"),
        (
            rendering("--frame-start", 1, "--frame-end", 9, "--frame-jump", 4, "--render-anim"),
            "1,5,9",
        ),
        (rendering("-a", argsBefore=["-s", 5, "-e", 6]), "5,6"),
        (rendering("--python-expr", "…", frames="-3--1"), "-3--1"),
        (rendering("-f", "1..4", frames="1-4x3"), "1,4"),
        (Command("test-frame", {"frame": 12, "frames": 24}), "12"),
        (Command("exec", {"exe": "{blender}", "args": ["-b", "x.blend", "-f", "7"]}), "7"),
        (Command("exec", {"exe": "C:\\Blender\\blender.exe", "args": ["-f", "1..3"]}), "1-3"),
        (Command("render-image-part", {"frame": 40, "tile": {"column": 1}}), "40"),
        (Command("join-image-parts", {"frame": 40, "parts": []}), "40"),
        (Command("finish-image", {"frame": 0}), "0"),
        (Command("studio-render", {"frame": 3}), "3"),
        (Command("studio-render", {"frames": "1-5x2"}), "1,3,5"),
    ],
)
def test_each_command_that_renders_tells_its_frames(command, frames):
    assert planned_frames([command]) == frames


def test_a_range_that_is_none_leaves_the_frames_of_the_other_commands():
    assert planned_frames([Command("studio-load", {"frames": "all"}), rendering("-f", "7")]) == "7"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - RENDERING))
def test_a_command_of_ours_that_renders_nothing_has_no_frames(name):
    assert planned_frames([Command(name, {"frame": 3, "frames": "1-3"})]) == ""


def test_several_commands_make_their_frames_together():
    commands = [Command("echo", {}), rendering("-f", "3..5"), rendering("-f", "1..3")]
    assert planned_frames(commands) == "1-5"


@pytest.mark.parametrize(
    "command",
    [
        Command("frames-to-video", {"inputGlob": "/render/*.png"}),
        Command("frames-to-video", {"frames": "1-3"}),
        Command("sleep", {"frame": 1}),
        Command("studio-tidy", {"files": ["a"]}),
        Command("studio-render", {"frame": True, "frames": "{frames}"}),
        Command("studio-render", {"frames": 24}),
        Command("exec", {"exe": "tar", "args": ["-f", "7"]}),
        Command("exec", {"args": ["-f", "7"]}),
        rendering("-a"),
        rendering("-s", "5", "-a"),
        rendering("-a", "-s", "1", "-e", "2"),
        rendering("-s", "+5", "-e", "-1", "-a"),
        rendering("-f", "-1"),
        rendering("-f", "1,+2"),
        rendering("-f"),
        rendering("-f", "10..1"),
        rendering("-s", "1", "-e", "9", "-j", "0", "-a"),
        rendering("--", "-f", "1"),
        rendering(frames="{frames}"),
        rendering(frames=7),
        Command("blender-render", {"args": "-f 1"}),
        Command("test-frame", {"frame": "1"}),
        Command("test-frame", {"frame": True}),
    ],
)
def test_what_does_not_tell_its_frames_has_none(command):
    assert planned_frames([command]) == ""


def test_a_range_of_a_billion_frames_costs_no_more_than_a_short_one():
    assert planned_frames([rendering("-f", "1..999999999")]) == f"1-{MOST_FRAME}"
    assert planned_frames([rendering(frames="1-999999999x2")]) == ""
    assert planned_frames([rendering(frames=f"1-{2 * MOST_RUNS}x2")]).count(",") == MOST_RUNS - 1
    assert planned_frames([rendering("-f", "2000000")]) == ""


@pytest.mark.parametrize(
    ("frames", "frame"),
    [("7", 7), ("-3", -3), ("1-9", None), ("1,3", None), ("", None), ("damaged", None)],
)
def test_a_task_that_makes_one_frame_only_tells_which(frames, frame):
    assert only_frame(frames) == frame
