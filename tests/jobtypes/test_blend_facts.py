"""Settings from a .blend, asked of the real Blender."""

import shutil
import subprocess
from pathlib import Path

import pytest

from flamenco.jobtypes import inline_compiler, validate_settings
from flamenco.jobtypes.blend_facts import (
    BlendError,
    ask_blender,
    expressions,
    outside,
    settings_from_blend,
)
from flamenco.model.frames import frame_numbers
from flamenco.model.jobtypes import JobType, Setting
from tests.jobtypes.rendering import make_scene, make_strip
from tests.sounds import tone

BLENDER = shutil.which("blender")
needs_blender = pytest.mark.skipif(BLENDER is None, reason="needs Blender: apt install blender")


@pytest.fixture(scope="module")
def blend(tmp_path_factory):
    file = tmp_path_factory.mktemp("film") / "shot.blend"
    code = (
        "import bpy; s = bpy.context.scene; s.frame_start, s.frame_end = 3, 7; s.name = 'Shot'; "
        "s.render.fps, s.render.fps_base = 30, 1.001; "
        "s.render.image_settings.file_format = 'JPEG'; "
        f"bpy.ops.wm.save_as_mainfile(filepath={str(file)!r})"
    )
    command = [BLENDER, "--factory-startup", "-b", "--python-exit-code", "1", "--python-expr", code]
    subprocess.run(command, check=True, capture_output=True)
    return file


async def simple_blender_render():
    return await inline_compiler().job_type("simple-blender-render")


@pytest.mark.slow
@needs_blender
async def test_a_blend_answers_all_that_the_add_on_would_evaluate(blend):
    job_type = await simple_blender_render()
    given = {"render_output_root": "//out", "add_path_components": 1, "frames": "4"}
    answers = await ask_blender(BLENDER, blend, job_type, "My Job", given)
    folder = blend.parent
    filled = settings_from_blend(job_type, answers.settings, given, "a.blend")
    settings = validate_settings(job_type, filled)
    assert settings == {
        "frames": "4",
        "chunk_size": 1,
        "render_output_root": "//out",
        "add_path_components": 1,
        "render_output_path": f"{folder}/out/{folder.name}/{{jobname}}/{{timestamp}}/######",
        "blendfile": "a.blend",
        "fps": pytest.approx(30 / 1.001),
        "format": "JPEG",
        "image_file_extension": ".jpg",
        "has_previews": False,
        "has_sound": False,
        "scene": "Shot",
        "view_layer": "",
        "scenes": "",
        "on_missing": "default",
        "resolution_percentage": 100,
        "samples": 1,
        "color_depth": "8",
    }


@pytest.mark.slow
@needs_blender
async def test_the_step_of_the_scene_is_followed(tmp_path):
    file = make_scene(
        tmp_path / "every-fourth.blend",
        "scene.frame_start, scene.frame_end, scene.frame_step = 1, 9, 4",
    )
    given = {"render_output_root": "//out"}
    answers = await ask_blender(BLENDER, file, await simple_blender_render(), "My Job", given)
    assert answers.settings["frames"] == "1-9x4"
    assert [*frame_numbers(answers.settings["frames"])] == [1, 5, 9]


@pytest.mark.slow
@needs_blender
async def test_the_frame_range_comes_from_the_scene(blend):
    answers = await ask_blender(BLENDER, blend, await simple_blender_render(), "My Job", {})
    assert answers.settings["frames"] == "3-7"


@pytest.mark.slow
@needs_blender
@pytest.mark.parametrize("muted", [False, True])
async def test_sound_in_the_sequencer_is_found_unless_it_is_muted(tmp_path, muted):
    strip = make_strip(tone(tmp_path / "tone.wav", 0.1), 1)
    file = make_scene(tmp_path / "sound.blend", f"{strip}\nstrip.mute = {muted}")
    given = {"render_output_root": "//out"}
    answers = await ask_blender(BLENDER, file, await simple_blender_render(), "My Job", given)
    assert answers.settings["has_sound"] is not muted


OUTPUTS = """
def tree_of(tree, folder):
    node = tree.nodes.new("CompositorNodeOutputFile")
    setattr(node, "directory" if hasattr(node, "directory") else "base_path", folder)
    return node

if hasattr(scene, "compositing_node_group"):
    scene.compositing_node_group = tree = bpy.data.node_groups.new("a", "CompositorNodeTree")
else:
    scene.use_nodes = True
    tree = scene.node_tree
inner = bpy.data.node_groups.new("b", "CompositorNodeTree")
tree.nodes.new("CompositorNodeGroup").node_tree = inner
tree_of(tree, "//passes/")
tree_of(tree, "/passes/a/").mute = True
tree_of(tree, "/passes/b/")
tree_of(inner, "/passes/c/")
"""


@pytest.mark.slow
@needs_blender
async def test_file_output_nodes_are_found_in_groups_too_unless_they_are_muted(tmp_path):
    file = make_scene(tmp_path / "outputs.blend", OUTPUTS)
    answers = await ask_blender(BLENDER, file, JobType(label="x"), "My Job", {})
    paths = sorted(path for _, path in answers.outputs)
    assert paths == ["//passes/", "/passes/b/", "/passes/c/"]  # two of them have the same name


def test_only_a_folder_that_is_not_shared_is_warned_of():
    outputs = [
        ("a", "//passes/"),
        ("c", "/srv/renders/passes/"),
        ("c", "/srv/renders-too/"),
        ("d", "C:\\tmp\\"),
        ("e", ""),
    ]
    warnings = outside(outputs, ["/srv/renders", "/srv/flamenco"])
    assert [warning.split(",")[0] for warning in warnings] == [
        "the File Output node 'c' writes to /srv/renders-too/",
        "the File Output node 'd' writes to C:\\tmp\\",
    ]


@pytest.mark.slow
@needs_blender
async def test_an_expression_that_fails_is_named(blend):
    job_type = JobType(label="x", settings=[Setting("a", "string", eval="C.nothing")])
    with pytest.raises(BlendError, match="cannot work out setting 'a': AttributeError"):
        await ask_blender(BLENDER, blend, job_type, "My Job", {})


@pytest.mark.slow
@needs_blender
@pytest.mark.parametrize("content", [b"", b"no blend file"])
async def test_a_file_that_is_no_blend_is_refused_with_blenders_reason(tmp_path, content):
    file = tmp_path / "bad.blend"
    file.write_bytes(content)
    with pytest.raises(BlendError, match=r"bad\.blend: Blender cannot read it: Error: "):
        await ask_blender(BLENDER, file, await simple_blender_render(), "My Job", {})


async def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BlendError, match=r"gone\.blend: expected a \.blend file, found none"):
        await ask_blender("blender", tmp_path / "gone.blend", JobType(label="x"), "My Job", {})


async def test_a_blender_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BlendError, match="no-such-blender: expected Blender, cannot start it"):
        await ask_blender("no-such-blender", Path(__file__), JobType(label="x"), "My Job", {})


@pytest.mark.parametrize(
    ("given", "is_asked"),
    [
        ({}, True),
        ({"format": ""}, True),
        ({"format": "OPEN_EXR"}, False),
        ({"format": "OPEN_EXR", "color_depth": "16"}, False),
    ],
)
async def test_the_depth_of_a_scene_counts_only_for_its_own_format(given, is_asked):
    asked = expressions(await simple_blender_render(), given)
    assert ("color_depth" in asked) is is_asked
    assert "samples" in asked


def test_what_was_given_wins_over_blender_and_that_over_defaults():
    settings = [Setting(key, "int32", default=1) for key in ("a", "b", "c")]
    job_type = JobType(label="x", settings=settings)
    filled = settings_from_blend(job_type, {"b": 2, "c": 2}, {"c": 3}, "x.blend")
    assert filled == {"a": 1, "b": 2, "c": 3}
