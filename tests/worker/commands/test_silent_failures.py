"""Renders that Blender ends with 0 though they are wrong, and failures that it tells in passing."""

import os
import re
import stat
import sys

import pytest

from tests.jobtypes.rendering import make_scene
from tests.worker.commands.shop import Bench
from worker.command import CannotRun, CommandFailed

slow = pytest.mark.slow

TEXTURE = """
image = bpy.data.images.new("gone", 4, 4)
image.source, image.filepath = "FILE", "//not-here/texture.png"
material = bpy.data.materials.new("m")
material.use_nodes = True
nodes = material.node_tree.nodes
node = nodes.new("ShaderNodeTexImage")
node.image = image
shader = next(each for each in nodes if each.type == "BSDF_PRINCIPLED")
material.node_tree.links.new(node.outputs[0], shader.inputs[0])
bpy.data.objects["Cube"].data.materials.append(material)
"""

LIBRARY = """
with bpy.data.libraries.load(HERO, link=True) as (there, here):
    here.objects = ["Cube"]
scene.collection.objects.link(here.objects[0])
"""

MESH = """
with bpy.data.libraries.load(HERO, link=True) as (there, here):
    here.meshes = ["Cube"]
bpy.data.objects["Cube"].data = here.meshes[0]
"""

SAVED_BY_NEWER = r"saved by Blender \d\.99, this Worker has \d\.\d+"

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 123456\n"


def rendering(blendfile, output, *args, **more):
    """Parameters of a command that renders a frame, with ``args`` before the frame is named."""
    return {
        "exe": "blender",
        "exeArgs": "-b -y --factory-startup",
        "blendfile": str(blendfile),
        "args": [
            *args,
            "--render-output",
            f"{output}/######",
            "--render-format",
            "PNG",
            "--render-frame",
            "1",
        ],
        **more,
    }


async def failure(**parameters):
    """The failure that a rendering ends with."""
    bench = Bench(steps_left=1)
    with pytest.raises(CommandFailed) as caught:
        await bench.run("blender-render", **parameters)
    return caught.value


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture(scope="module")
def plain(scenes):
    return make_scene(scenes / "plain.blend")


@slow
async def test_a_scene_that_is_not_there_fails_before_another_one_is_rendered(plain, tmp_path):
    failed = await failure(**rendering(plain, tmp_path, "--scene", "No Such"))
    assert failed.failure.kind == "missing-scene"
    assert "'No Such'" in str(failed)
    assert not [*tmp_path.iterdir()]


@slow
async def test_a_missing_texture_is_a_warning_with_the_name_of_the_file(scenes, tmp_path):
    file = make_scene(scenes / "texture.blend", TEXTURE)
    bench = await Bench(steps_left=1).run("blender-render", **rendering(file, tmp_path))
    assert bench.warnings == [f"missing file {scenes}/not-here/texture.png"]
    failed = await failure(**rendering(file, tmp_path, onMissing="fail"))
    assert failed.failure.kind == "missing-file"
    assert "not-here/texture.png" in str(failed)


@slow
async def test_a_missing_library_fails_unless_the_job_says_warn(scenes, tmp_path):
    hero = make_scene(scenes / "hero.blend")
    file = make_scene(scenes / "linked.blend", LIBRARY.replace("HERO", repr(str(hero))))
    hero.unlink()
    failed = await failure(**rendering(file, tmp_path))
    assert (failed.failure.kind, str(failed)) == ("missing-library", f"missing library {hero}")
    assert not [*tmp_path.iterdir()]
    bench = Bench(steps_left=1)
    await bench.run("blender-render", **rendering(file, tmp_path, onMissing="warn"))
    assert bench.warnings == [f"missing library {hero}"]
    assert [each.name for each in tmp_path.iterdir()] == ["000001.png"]


def linking(file, library, script):
    """A file that links to a library, by a path from where it is itself."""
    begun = f"bpy.ops.wm.save_as_mainfile(filepath={str(file)!r})\n"
    script = script.replace("HERO", repr(str(library)))
    return make_scene(file, begun + script.replace("link=True", "link=True, relative=True"))


@slow
async def test_a_library_of_a_library_is_found_wherever_both_lie(scenes, tmp_path):
    for folder in ("sets", "props"):
        (scenes / folder).mkdir()
    prop = make_scene(scenes / "props" / "prop.blend")
    on_set = linking(scenes / "sets" / "set.blend", prop, MESH)
    shot = linking(scenes / "shot.blend", on_set, LIBRARY)
    bench = await Bench(steps_left=1).run("blender-render", **rendering(shot, tmp_path))
    assert bench.warnings == []
    prop.unlink()
    failed = await failure(**rendering(shot, tmp_path))
    assert str(failed) == f"missing library {prop}"


@slow
async def test_a_library_that_is_packed_does_not_need_its_file(scenes, tmp_path):
    hero = make_scene(scenes / "packed-hero.blend")
    pack = "**({'pack': True} if bpy.app.version >= (5, 0, 0) else {})"
    packed = LIBRARY.replace("link=True", f"link=True, {pack}")
    packed += "if bpy.app.version < (5, 0, 0): bpy.ops.file.pack_libraries()"
    file = linking(scenes / "packed.blend", hero, packed)
    hero.unlink()
    bench = await Bench(steps_left=1).run("blender-render", **rendering(file, tmp_path))
    assert bench.warnings == []


@slow
async def test_a_tile_is_found_by_its_row_and_column_too(scenes, tmp_path):
    tiled = TEXTURE.replace('"FILE", "//not-here/texture.png"', '"TILED", "//skin.<UVTILE>.png"')
    file = make_scene(scenes / "tiled.blend", tiled + "image.tiles.new(1012)")
    (scenes / "skin.u1_v1.png").write_bytes(b"")
    bench = await Bench(steps_left=1).run("blender-render", **rendering(file, tmp_path))
    assert f"missing file {scenes}/skin.u1_v1.png" not in bench.warnings
    assert f"missing file {scenes}/skin.u2_v2.png" in bench.warnings


@slow
async def test_a_scene_without_a_camera_says_so(scenes, tmp_path):
    file = make_scene(scenes / "no-camera.blend", "scene.camera = None")
    failed = await failure(**rendering(file, tmp_path))
    assert (failed.failure.kind, failed.failure.detail) == ("no-camera", "the scene has no camera")


@slow
async def test_a_script_of_the_job_that_raises_fails_before_anything_is_rendered(plain, tmp_path):
    failed = await failure(**rendering(plain, tmp_path, "--python-expr", "raise KeyError('x')"))
    assert failed.failure.kind == "script-error"
    assert "KeyError: 'x'" in str(failed)
    assert not [*tmp_path.iterdir()]


@slow
async def test_a_frame_that_cannot_be_saved_fails(plain):
    failed = await failure(**rendering(plain, "/proc/nowhere"))
    assert failed.failure.kind == "cannot-save"


@slow
async def test_a_format_that_blender_does_not_know_fails(plain, tmp_path):
    parameters = rendering(plain, tmp_path)
    parameters["args"] = ["XYZ" if each == "PNG" else each for each in parameters["args"]]
    assert (await failure(**parameters)).failure.kind == "missing-plugin"


@slow
async def test_a_pointer_of_git_lfs_is_named_as_such(tmp_path):
    file = tmp_path / "shot.blend"
    file.write_text(POINTER)
    failed = await failure(**rendering(file, tmp_path))
    assert failed.failure.kind == "lfs-pointer"
    assert "Git LFS" in failed.failure.detail


@slow
async def test_a_pointer_in_place_of_a_texture_or_a_library_is_named_as_such(scenes, tmp_path):
    hero = make_scene(scenes / "pointer-hero.blend")
    linked = LIBRARY.replace("HERO", repr(str(hero)))
    textured = make_scene(scenes / "pointer-texture.blend", TEXTURE.replace("not-here/", ""))
    linking = make_scene(scenes / "pointer-library.blend", linked)
    for pointer in (scenes / "texture.png", hero):
        pointer.write_text(POINTER)
    bench = await Bench(steps_left=1).run("blender-render", **rendering(textured, tmp_path))
    pulled = "is a pointer of Git LFS: run 'git lfs pull'"
    assert f"missing file {scenes}/texture.png, which {pulled}" in bench.warnings
    failed = await failure(**rendering(linking, tmp_path))
    assert failed.failure.kind == "missing-library"
    assert str(failed).startswith(f"the library {hero} is no .blend file")
    assert "Git LFS" in str(failed)


@slow
async def test_a_file_of_a_newer_blender_that_can_be_read_is_a_warning(scenes, tmp_path):
    file = make_scene(scenes / "newer.blend")
    head = re.compile(rb"(BLENDER(?:-v|17-01v0)\d)\d\d")
    content, changed = head.subn(rb"\g<1>99", file.read_bytes(), count=1)
    assert changed, "expected a file that is not compressed"
    file.write_bytes(content)
    bench = await Bench(steps_left=1).run("blender-render", **rendering(file, tmp_path))
    told = [each for each in bench.warnings if re.fullmatch(SAVED_BY_NEWER, each)]
    assert len(told) == 1


@slow
async def test_a_file_of_a_newer_blender_that_cannot_be_read_says_by_which(tmp_path):
    file = tmp_path / "shot.blend"
    file.write_bytes(b"BLENDER17-01v0909" + bytes(100))
    failed = await failure(**rendering(file, tmp_path))
    assert isinstance(failed, CannotRun)
    assert failed.failure.kind == "newer-file"
    assert "9.9" in failed.failure.detail


FAKE = """#!{python}
import os, sys
os.write(1, {output!r})
sys.exit({status})
"""


@pytest.fixture
def fake(tmp_path):
    """A Blender that prints something and ends with a status."""

    async def run(output, status, steps=1):
        program = tmp_path / "fake blender"
        program.write_text(FAKE.format(python=sys.executable, output=output, status=status))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        bench = Bench(steps_left=steps)
        await bench.run("blender-render", exe=str(program), blendfile="")
        return bench

    return run


GPU = b"Fra:1 Mem:11.16M (Peak 11.16M) | Time:00:00.00 | Scene, ViewLayer | Sample 1/16\n"
SAVED = b"Saved: '%s'\n Time: 00:01.00 (Saving: 00:00.10)\n"


async def test_a_status_of_0_is_not_a_frame(fake):
    with pytest.raises(CommandFailed, match="saved 0 of 1 frames") as caught:
        await fake(b"Read blend: /x/a.blend\nBlender quit\n", 0)
    assert caught.value.failure.kind == "missing-frames"


async def test_frames_are_counted_by_what_was_saved(fake):
    """Blender 5 says no time; one eye of a stereoscopic frame is not a frame."""
    both = b"Saved: '/a/%02d_L.png'\nSaved: '/a/%02d_R.png'\n"
    lines = b"".join(both % (number, number) for number in (1, 2))
    assert (await fake(lines, 0, steps=2)).steps == 2
    assert (await fake(b"Append frame 1\n Time: 00:01.00\n" * 2, 0, steps=2)).steps == 2
    with pytest.raises(CommandFailed, match="saved 2 of 3 frames"):
        await fake(lines, 0, steps=3)


async def test_a_gpu_that_was_lost_makes_the_frame_void_whatever_the_status(fake, tmp_path):
    frames = [tmp_path / f"{number}.png" for number in (1, 2)]
    for frame in frames:
        frame.write_bytes(b"black")
    first, second = (SAVED % os.fsencode(frame) for frame in frames)
    error = b"CUDA error: Illegal address in cuCtxSynchronize(), line 1474\n"
    with pytest.raises(CommandFailed, match="the GPU failed: CUDA error: Illegal") as caught:
        await fake(GPU + first + GPU.replace(b"Fra:1", b"Fra:2") + error + second, 0, steps=2)
    assert caught.value.failure.kind == "gpu-lost"
    assert sorted(tmp_path.glob("*.png")) == frames[:1]


@pytest.mark.parametrize(
    ("output", "status", "kind", "words"),
    [
        (b"Read blend: /x\nUnable to open a display\nAborted\n", 134, "no-display", "a display"),
        (
            GPU + b"Out of memory in cuStreamCreate(&cuda_stream_) (intern/cycles/queue.cpp:21)\n",
            1,
            "gpu-out-of-memory",
            "the GPU is out of memory",
        ),
        (
            (
                b"/opt/blender: error while loading shared libraries: libXxf86vm.so.1: cannot open "
                b"shared object file: No such file or directory\n"
            ),
            127,
            "system-library",
            "libXxf86vm.so.1",
        ),
        (
            b"Error: Failed to read blend file '/x/a.blend', not a blend file\n",
            1,
            "unreadable-file",
            "cannot read /x/a.blend",
        ),
    ],
)
async def test_a_reason_is_told_not_a_number(fake, output, status, kind, words):
    with pytest.raises(CommandFailed, match=words) as caught:
        await fake(output, status)
    assert caught.value.failure.kind == kind


async def test_a_script_that_raised_in_passing_is_a_warning(fake):
    traceback = b"Traceback (most recent call last):\n  File x\nKeyError: 'k'\n"
    bench = await fake(traceback + GPU + SAVED % b"/x", 0)
    assert bench.warnings == ["a script raised KeyError: 'k'"]


async def test_output_that_is_no_text_does_no_harm(fake):
    noise = b"Datei \xc7\x97 f\xfcr K\xf6ln\n\x00nul \x1b[31mred\x1b[0m\n"
    assert (await fake(noise + SAVED % b"/tmp/x.png", 0)).steps == 1
