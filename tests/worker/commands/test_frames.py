"""Frames that a task says it wrote are there: rendered now, whole, and of this file."""

import json
import os
import stat
import sys
import threading
import time
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
import trio
from PIL import Image

from tests.jobtypes.rendering import make_scene
from tests.patience import until
from tests.pictures.files import write
from tests.worker.commands.shop import Bench
from worker import decoding
from worker.command import CommandFailed, Conditions
from worker.in_blender import decoded
from worker.unfinished import tidy
from worker.watching import Watch

slow = pytest.mark.slow

PAINTED = """
scene.view_settings.view_transform = "Raw"
scene.render.resolution_x, scene.render.resolution_y = {size}, {size}
bpy.data.objects.remove(bpy.data.objects["Cube"])
world = bpy.data.worlds[0]
world.use_nodes = True
world.node_tree.nodes["Background"].inputs[0].default_value = {colour}
background = world.node_tree.nodes["Background"].inputs[1]
for frame in range(-20, 21):
    background.default_value = (frame + 20) / 40
    background.keyframe_insert("default_value", frame=frame)
"""
RED, GREEN = (1, 0, 0, 1), (0, 1, 0, 1)


def paint(file, colour=RED, size=16, more=""):
    """A file of one colour, darker in early frames."""
    return make_scene(file, PAINTED.format(colour=colour, size=size) + more)


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    return paint(tmp_path_factory.mktemp("scene") / "red.blend")


def rendering(blendfile, output, frames, format_="PNG"):
    """The parameters of `simple-blender-render`; the end of the arguments is for older Workers."""
    return {
        "exe": "blender",
        "exeArgs": "-b -y --factory-startup",
        "blendfile": str(blendfile),
        "args": [
            "--render-output",
            f"{output}/######",
            "--render-format",
            format_,
            "--render-frame",
            "no frame",
        ],
        "frames": frames,
    }


async def rendered(blendfile, output, frames, bench=None, **more):
    return await (bench or Bench()).run(
        "blender-render", **rendering(blendfile, output, frames, **more)
    )


def pixel(path):
    with Image.open(path) as image:
        return image.convert("RGB").getpixel((8, 8))


def names(folder):
    return sorted(each.name for each in folder.iterdir())


@slow
async def test_frames_are_rendered_again_whatever_lies_there(red, tmp_path):
    (tmp_path / "000001.png").write_bytes(b"")
    (tmp_path / "000002.png").write_bytes(b"\x89PNG half a frame")
    Image.new("RGB", (16, 16), GREEN[:3]).save(tmp_path / "000003.png")
    bench = await rendered(red, tmp_path, "1-3")
    assert bench.steps == 3
    assert names(tmp_path) == [f"00000{number}.png" for number in (1, 2, 3)]
    assert [pixel(path)[1] for path in sorted(tmp_path.iterdir())] == [0, 0, 0]
    assert bench.images == [str(path) for path in sorted(tmp_path.iterdir())]


@slow
async def test_a_completed_task_that_is_asked_for_again_renders_again(tmp_path):
    file, output = paint(tmp_path / "a.blend"), tmp_path / "out"
    await rendered(file, output, "1")
    paint(file, GREEN)
    await rendered(file, output, "1")
    assert pixel(output / "000001.png")[:2] == (0, pixel(output / "000001.png")[1])
    assert pixel(output / "000001.png")[1] > 0


@slow
async def test_what_an_attempt_has_finished_is_not_rendered_again(red, tmp_path):
    stop = "import bpy; bpy.app.handlers.render_pre.append(lambda s, *_: s.frame_current == 3 and "
    parameters = rendering(red, tmp_path, "1-4")
    ending = ["--python-expr", f"{stop}__import__('os')._exit(7))"]
    with pytest.raises(CommandFailed, match="code 7"):
        await Bench().run("blender-render", **parameters | {"args": ending + parameters["args"]})
    assert names(tmp_path)[1:] == ["000001.png", "000002.png"]
    assert names(tmp_path / ".flamenco" / "task-1") == ["finished.json"]
    whole = (tmp_path / "000001.png").stat().st_mtime_ns
    (tmp_path / "000002.png").write_bytes(b"somebody else's")
    bench = await rendered(red, tmp_path, "1-4")
    assert bench.steps == 4
    assert [Path(path).name for path in bench.images] == [
        f"00000{number}.png" for number in (1, 2, 3, 4)
    ], "the earlier attempt may not have come to send its pictures"
    assert (tmp_path / "000001.png").stat().st_mtime_ns == whole
    assert pixel(tmp_path / "000002.png")[1] == 0
    assert ".flamenco" not in names(tmp_path)


@slow
@pytest.mark.parametrize(
    ("format_", "suffix"), [("BMP", ".bmp"), ("OPEN_EXR_MULTILAYER", ".exr"), ("PNG", ".png")]
)
async def test_a_finished_frame_is_left_out_in_every_format(red, tmp_path, format_, suffix):
    stop = "import bpy; bpy.app.handlers.render_pre.append(lambda s, *_: s.frame_current == 2 and "
    parameters = rendering(red, tmp_path, "1-2", format_)
    ending = ["--python-expr", f"{stop}__import__('os')._exit(7))"]
    with pytest.raises(CommandFailed, match="code 7"):
        await Bench().run("blender-render", **parameters | {"args": ending + parameters["args"]})
    first = tmp_path / f"000001{suffix}"
    rendered_at = first.stat().st_mtime_ns
    bench = await rendered(red, tmp_path, "1-2", format_=format_)
    assert bench.images == [str(tmp_path / f"00000{number}{suffix}") for number in (1, 2)]
    assert first.stat().st_mtime_ns == rendered_at


@pytest.mark.parametrize("format_", ["bmp", "exr", "jp2", "jpg", "png", "tga", "tif"])
def test_a_picture_decodes_only_if_it_is_whole(tmp_path, format_):
    file, half = tmp_path / f"whole.{format_}", tmp_path / f"half.{format_}"
    noise = np.random.default_rng(1).random((48, 64, 3), np.float32)
    oiio.ImageBuf(noise).write(str(file))
    half.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
    odd = tmp_path / f"a\u2028b\n.{format_}"
    odd.write_bytes(file.read_bytes())
    asked = [half, file, tmp_path / f"none.{format_}", odd]
    assert decoded.whole(asked, sys.executable) == {file, odd}


def test_an_avif_picture_decodes_only_if_it_is_whole(tmp_path):
    file, half = tmp_path / "whole.avif", tmp_path / "half.avif"
    noise = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(file)
    half.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
    assert decoded.whole([half, file], sys.executable) == {file}


@pytest.mark.parametrize("format_", ["exr", "tif"])
def test_a_picture_of_tiles_decodes_only_if_it_is_whole(tmp_path, format_):
    noise = np.random.default_rng(1).random((100, 150, 3), np.float32)
    tiles = {"tile_width": 64, "tile_height": 32}
    file, half = tmp_path / f"whole.{format_}", tmp_path / f"half.{format_}"
    write(file, noise, size=(150, 100), **tiles)
    half.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
    assert decoded.whole([half, file], sys.executable) == {file}


@slow
def test_a_picture_that_a_library_hangs_on_costs_only_its_own_time(tmp_path, monkeypatch):
    monkeypatch.setattr(decoded, "SECONDS_EACH", 5.0)
    hanging = tmp_path / "1.png"
    os.mkfifo(hanging)
    whole = [tmp_path / "0.png", tmp_path / "2.png"]
    for path in whole:
        Image.new("RGB", (16, 16)).save(path)
    asked = [whole[0], hanging, whole[1], *([whole[0]] * 20)]
    assert decoded.whole(asked, sys.executable) == set(whole)


def test_a_jpeg_of_any_size_decodes_and_an_odd_error_is_that_files_alone(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    Image.new("RGB", (16, 16)).save(tmp_path / "large.jpg")
    Image.new("RGB", (16, 16)).save(tmp_path / "odd.png")

    def fail(*_):
        raise RuntimeError("odd")

    monkeypatch.setattr(decoding, "blocks", fail)
    decoding.main([str(tmp_path / "odd.png"), str(tmp_path / "large.jpg")])
    assert capsys.readouterr().out.splitlines() == ["0 broken", "1 whole"]


@slow
@pytest.mark.parametrize(
    ("format_", "suffix"), [("TARGA", "tga"), ("TARGA_RAW", "tga"), ("JPEG2000", "jp2")]
)
async def test_formats_are_those_that_a_file_names(tmp_path, format_, suffix):
    file = paint(tmp_path / "red.blend", size=64)  # Blender saves no JPEG 2000 of 16 pixels
    await rendered(file, tmp_path / "out", "1", format_=format_)
    assert names(tmp_path / "out") == [f"000001.{suffix}"]


@slow
async def test_what_another_attempt_has_begun_is_neither_taken_nor_removed(red, tmp_path):
    begun = tmp_path / ".flamenco" / "task-1" / "0a1b2c3d" / "000002.png"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"half a frame")
    parameters = rendering(red, tmp_path, "1")
    ending = "import bpy; bpy.app.handlers.render_pre.append(lambda *_: __import__('os')._exit(7))"
    ended = ["--python-expr", ending, *parameters["args"]]
    with pytest.raises(CommandFailed, match="code 7"):
        await Bench().run("blender-render", **parameters | {"args": ended})
    assert begun.read_bytes() == b"half a frame"
    await rendered(red, tmp_path, "1")
    assert names(tmp_path) == ["000001.png"]


async def test_what_a_task_left_that_was_given_up_goes_with_the_end_of_another(saying, tmp_path):
    place, now = tmp_path / ".flamenco", time.time()
    for task, days in (("given-up", 15), ("failed-today", 1)):
        (place / task).mkdir(parents=True)
        (place / task / "finished.json").touch()
        for path in (place / task / "finished.json", place / task):
            os.utime(path, (now, now - days * 86400))
    with pytest.raises(CommandFailed, match="is not there"):
        await saying(delay=0.1)
    assert names(place) == ["failed-today"]


async def test_what_was_given_up_is_told_by_the_clock_of_the_file_server(tmp_path):
    place, now = tmp_path / ".flamenco", time.time() - 30 * 86400
    for name, days in (("given-up", 15), ("goes-on", 1), ("task-1/0a1b2c3d", 0)):
        (place / name).mkdir(parents=True)
        os.utime(place / name, (now, now - days * 86400))
    (place / ".DS_Store").touch()
    await tidy(str(place / "task-1" / "0a1b2c3d"), completed=True)
    assert names(place) == [".DS_Store", "goes-on"]


@slow
async def test_a_frame_that_a_virus_scanner_holds_is_moved_a_moment_later(red, tmp_path):
    held = """import pathlib, itertools
times, replace = itertools.count(), pathlib.Path.replace
def held(self, target):
    if next(times) < 2:
        raise PermissionError(13, "in use")
    return replace(self, target)
pathlib.Path.replace = held"""
    parameters = rendering(red, tmp_path, "1")
    parameters["args"] = ["--python-expr", held, *parameters["args"]]
    await Bench().run("blender-render", **parameters)
    assert names(tmp_path) == ["000001.png"]


async def test_a_task_may_have_a_great_many_frames(tmp_path):
    program = tmp_path / "blender"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    parameters = {"exe": str(program), "blendfile": "", "args": ["-f", "1"]}
    await Bench().run("blender-render", **parameters, frames="1-200000")


def test_a_frame_counts_behind_the_beginning_of_another_line(tmp_path):
    (tmp_path / "000001.png").write_bytes(b"frame")
    file = {"path": str(tmp_path / "000001.png"), "size": 5, "changed": 0}
    watch = Watch(Bench(), has_script=True)
    watch.line(f"Warning: flamenco-frame: {json.dumps({'number': 1, 'files': [file]})}")
    assert [frame.number for frame in watch.frames] == [1]


def test_images_of_a_scene_are_told_from_those_of_others(tmp_path):
    (tmp_path / "000001.png").write_bytes(b"frame")
    file = {"path": str(tmp_path / "000001.png"), "size": 5, "changed": 0}
    bench = Bench()
    watch = Watch(bench, has_script=True, output="Night")
    watch.line(f"flamenco-frame: {json.dumps({'number': 1, 'files': [file]})}")
    watch.line(f"flamenco-frame: {json.dumps({'number': 2, 'files': [file | {'view': 'L'}]})}")
    assert bench.frames == [(1, "Night"), (2, "Night L")]


@slow
async def test_another_task_does_not_trust_what_this_one_has_finished(red, tmp_path):
    parameters = rendering(red, tmp_path, "1-2")
    ending = ["--python-expr", "import bpy; bpy.app.handlers.render_pre.append(lambda s, *_: "]
    ending[1] += "s.frame_current == 2 and __import__('os')._exit(7))"
    with pytest.raises(CommandFailed):
        await Bench().run("blender-render", **parameters | {"args": ending + parameters["args"]})
    rendered_at = (tmp_path / "000001.png").stat().st_mtime_ns
    await rendered(red, tmp_path, "1-2", Bench(id="task-2"))
    assert (tmp_path / "000001.png").stat().st_mtime_ns > rendered_at


@slow
async def test_nothing_stays_of_a_frame_that_is_canceled_while_it_is_saved(red, tmp_path):
    noise = "scene.render.image_settings.color_depth = '16'"
    file, output = paint(tmp_path / "big.blend", size=3000, more=noise), tmp_path / "out"
    unfinished = ".flamenco/task-1/*/000001.png"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rendered, file, output, "1")
        await until(lambda: [*output.glob(unfinished)], 120)
        nursery.cancel_scope.cancel()
    assert names(output) == []
    await rendered(red, output, "1")
    assert names(output) == ["000001.png"]
    assert pixel(output / "000001.png")[0] > 0


@slow
async def test_negative_frames_are_the_scenes_and_named_as_blender_names_them(red, tmp_path):
    await rendered(red, tmp_path, "-5--4,3")
    assert names(tmp_path) == ["-000004.png", "-000005.png", "000003.png"]
    shades = [pixel(tmp_path / name)[0] for name in ("-000005.png", "-000004.png", "000003.png")]
    expected = [round(255 * (frame + 20) / 40) for frame in (-5, -4, 3)]
    assert all(abs(one - other) <= 1 for one, other in zip(shades, expected, strict=True))


@slow
async def test_braces_in_a_path_are_text(red, tmp_path):
    output = tmp_path / "shot {final} #2 %d [v2]"
    await rendered(red, output, "1")
    assert names(output) == ["000001.png"]


@slow
async def test_each_view_of_a_frame_is_a_file_and_the_frame_one_step(tmp_path):
    stereo = "scene.render.use_multiview = True"
    file, output = paint(tmp_path / "stereo.blend", more=stereo), tmp_path / "out"
    bench = await rendered(file, output, "1-2")
    assert bench.steps == 2
    assert names(output) == [f"00000{number}_{eye}.png" for number in (1, 2) for eye in "LR"]


@slow
async def test_a_preview_lies_beside_its_frame_and_is_not_shown(tmp_path):
    previews = "scene.render.image_settings.file_format = 'OPEN_EXR'\n"
    previews += "scene.render.image_settings.use_preview = True"
    file, output = paint(tmp_path / "exr.blend", more=previews), tmp_path / "out"
    bench = await rendered(file, output, "1", format_="OPEN_EXR")
    assert names(output) == ["000001.exr", "000001.jpg"]
    assert bench.images == [str(output / "000001.exr")]


@slow
async def test_a_frame_that_cannot_be_saved_fails_the_task(red, tmp_path):
    (tmp_path / "out").write_text("no folder")
    with pytest.raises(CommandFailed):
        await rendered(red, tmp_path / "out", "1")


FAKE = """#!{python}
import json, os, sys
path, size = {path!r}, {size}
folder = os.path.dirname(path) + "/.flamenco/task-1/1"
os.makedirs(folder)
print("flamenco-folder: " + json.dumps(dict(path=folder)))
file = dict(path=path, size=size, changed={changed})
print("flamenco-frame: " + json.dumps(dict(number=1, files=[file])))
"""


@pytest.fixture
def saying(tmp_path):
    """A Blender that says that it has saved a frame."""

    async def run(delay=10.0, size=5):
        program = tmp_path / "blender"
        text = FAKE.format(
            python=sys.executable,
            path=str(tmp_path / "000001.png"),
            size=size,
            changed=time.time() + 3,
        )
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        bench = Bench(Conditions(share_delay=delay), steps_left=1)
        parameters = {"exe": str(program), "blendfile": "", "args": ["-f", "1"], "frames": "1"}
        return await bench.run("blender-render", **parameters)

    return run


@slow
async def test_a_frame_may_appear_on_a_slow_share_seconds_after_blender_has_ended(saying, tmp_path):
    late = threading.Timer(3.0, (tmp_path / "000001.png").write_bytes, [b"frame"])
    late.start()
    try:
        assert (await saying()).steps == 1
    finally:
        late.join()


@pytest.mark.parametrize("content", [None, b"", b"of another size"])
async def test_a_frame_that_does_not_appear_fails_the_task(saying, tmp_path, content):
    if content is not None:
        (tmp_path / "000001.png").write_bytes(content)
    with pytest.raises(CommandFailed, match=r"000001\.png is not there, 0\.1 s after") as caught:
        await saying(delay=0.1)
    assert caught.value.failure.kind == "missing-frames"


async def test_a_frame_that_was_there_before_does_not_count(saying, tmp_path):
    (tmp_path / "000001.png").write_bytes(b"older")
    os.utime(tmp_path / "000001.png", (1, 1))
    with pytest.raises(CommandFailed, match="is not there"):
        await saying(delay=0.1)


async def test_a_frame_during_which_the_gpu_was_lost_is_removed(tmp_path):
    frame = tmp_path / "000001.png"
    frame.write_bytes(b"black")
    file = {"path": str(frame), "size": 5, "changed": 0}
    watch = Watch(Bench(), has_script=True)
    watch.line("Fra:1 Mem:11.16M (Peak 11.16M) | Sample 1/16")
    watch.line("CUDA error: Illegal address in cuCtxSynchronize(), line 1474")
    with pytest.raises(CommandFailed, match="the GPU failed"):
        watch.line(f"flamenco-frame: {json.dumps({'number': 1, 'files': [file]})}")
    assert names(tmp_path) == []
    assert watch.frames == []
