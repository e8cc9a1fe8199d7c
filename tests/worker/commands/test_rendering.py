"""Real Blender and real FFmpeg, through the Worker's commands."""

import json
import subprocess

import pytest
from PIL import Image

from flamenco.pictures.ffmpeg import find_ffmpeg
from tests.worker.commands.shop import Bench, program
from tests.worker.fake_manager import task
from tests.worker.running import running_worker
from worker import framesources
from worker.command import CannotRun, CommandFailed
from worker.commands import frames_to_video
from worker.watching import Watch

SCENE = """
import bpy
scene = bpy.context.scene
scene.render.engine = 'CYCLES'
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.render.resolution_percentage = 100
bpy.data.objects['Cube'].keyframe_insert('location', frame=1)
bpy.data.objects['Cube'].location.x = 2
bpy.data.objects['Cube'].keyframe_insert('location', frame=3)
bpy.ops.wm.save_as_mainfile(filepath=FILE)
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A small animated .blend file."""
    path = tmp_path_factory.mktemp("scene") / "scene with 'quotes'.blend"
    expression = SCENE.replace("FILE", repr(str(path)))
    subprocess.run(
        [program("blender"), "-b", "--factory-startup", "--python-expr", expression],
        check=True,
        capture_output=True,
    )
    return path


def render(scene, output, frames="1..3"):
    return {
        "exe": "blender",
        "exeArgs": "-b -y --factory-startup",
        "argsBefore": [],
        "blendfile": str(scene),
        "args": ["--render-output", output, "--render-format", "PNG", "--render-frame", frames],
    }


@pytest.mark.slow
async def test_a_worker_renders_with_blender_and_sends_a_picture_of_each_frame(
    manager, config, scene, tmp_path
):
    parameters = render(scene, str(tmp_path / "frame-######"))
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        assign = task(("blender-render", parameters, 3), steps_total=3)
        await session.send(assign)
        reports = await session.until(lambda report: report.status in ("completed", "failed"))
        sent = [await manager.pictures.receive() for _ in range(3)]
    log = "".join(report.log or "" for report in reports)
    assert reports[-1].status == "completed", log
    assert [r.steps_completed for r in reports if r.steps_completed] == [1, 2, 3]
    frames = sorted(tmp_path.glob("frame-*.png"))
    assert [frame.name for frame in frames] == [f"frame-00000{n}.png" for n in (1, 2, 3)]
    assert len({frame.read_bytes() for frame in frames}) == 3
    with Image.open(frames[0]) as picture:
        assert picture.size == (64, 36)
    assert [picture.frame for _, picture in sent] == [1, 2, 3]
    assert all(picture.small and not picture.reason for _, picture in sent)


@pytest.mark.slow
async def test_frames_that_exist_count_as_steps(scene, tmp_path):
    parameters = render(scene, str(tmp_path / "######"))
    expression = "import bpy; bpy.context.scene.render.use_overwrite = False"
    parameters["args"] = ["--python-expr", expression, *parameters["args"]]
    assert (await Bench().run("blender-render", **parameters)).steps == 3
    again = await Bench().run("blender-render", **parameters)
    assert (again.steps, again.images) == (3, [])


@pytest.mark.slow
@pytest.mark.slow
async def test_frames_are_counted_wherever_their_number_is_in_the_name(scene, tmp_path):
    parameters = render(scene, str(tmp_path / "####_cam2"))
    bench = Bench(steps_left=3)
    await bench.run("blender-render", **parameters)
    assert bench.steps == 3
    assert len([*tmp_path.iterdir()]) == 3


@pytest.mark.parametrize(
    "lines",
    [
        ["Append frame {}", " Time: 00:00.00 (Saving: 00:00.00)"],
        ["00:00.394  render           | Video append frame {}"],
        ["Saved: '/farm/{:04}_L.png'", "Saved: '/farm/{:04}_R.png'", " Time: 00:00.00 (Saving)"],
        ["Saved: '/farm/{}_L2.png'", "Saved: '/farm/{}_R2.png'"],
    ],
)
def test_a_frame_is_one_step_in_every_version_of_blender(lines):
    bench = Bench()
    watch = Watch(bench)
    for frame in (1, 2, 3):
        for line in lines:
            watch.line(line.format(frame))
    assert bench.steps == 3


async def test_a_missing_blend_file_is_a_sentence(tmp_path):
    program("blender")
    with pytest.raises(CommandFailed, match=r"code 1: cannot read .*no-such\.blend"):
        await Bench().run("blender-render", **render(tmp_path / "no-such.blend", "x"))


async def test_a_missing_blender_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandFailed, match=r"'blender' is not on this machine\. Install Blender"):
        await Bench().run("blender-render", **render("file.blend", "x"))


@pytest.fixture
def frames(tmp_path):
    folder = tmp_path / "it's rendered"
    folder.mkdir()
    for number in range(1, 7):
        Image.new("RGB", (65, 37), (40 * number, 0, 90)).save(folder / f"{number:06}.png")
    return folder


VIDEO_ARGUMENTS = [
    *("-c:v", "h264", "-crf", "20", "-g", "18"),
    *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-y"),
]


def video(folder, **others):
    return {
        "exe": "ffmpeg",
        "exeArgs": "-hide_banner",
        "fps": 24.0,
        "inputGlob": str(folder / "*.png"),
        "outputFile": str(folder / "video.mp4"),
        "args": [*VIDEO_ARGUMENTS],
        **others,
    }


def probe(path):
    """Size and number of frames of a video."""
    entries = "stream=width,height,nb_read_frames"
    command = [program("ffprobe"), "-v", "error", "-count_frames", "-show_entries", entries]
    output = subprocess.run([*command, "-of", "json", path], check=True, capture_output=True)
    (stream,) = json.loads(output.stdout)["streams"]
    return stream["width"], stream["height"], int(stream["nb_read_frames"])


@pytest.mark.parametrize("source", [framesources.linked_source, framesources.indexed_source])
async def test_frames_become_a_video(frames, source, monkeypatch):
    program("ffmpeg")
    monkeypatch.setattr(frames_to_video, "linked_source", source)
    await Bench().run("frames-to-video", **video(frames))
    assert probe(frames / "video.mp4") == (66, 38, 6)
    assert not (frames / framesources.INDEX_NAME).exists()


async def test_without_ffmpeg_on_the_path_the_one_of_the_installation_is_used(
    frames, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_ffmpeg("ffmpeg")
    assert "imageio_ffmpeg" in found
    await Bench().run("frames-to-video", **video(frames))
    assert (frames / "video.mp4").stat().st_size > 500


async def test_no_frames_fail_the_task(tmp_path):
    program("ffmpeg")
    with pytest.raises(CommandFailed, match=r"no frames match .*\*\.png"):
        await Bench().run("frames-to-video", **video(tmp_path))


@pytest.mark.parametrize("name", ["shot [v2]", "100 %d", "a {b} #1", "what? *", "it's"])
async def test_a_folder_is_not_a_pattern(tmp_path, name):
    program("ffmpeg")
    folder = tmp_path / name
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (64, 36), (40 * number, 0, 90)).save(folder / f"x{number}.png")
    await Bench().run("frames-to-video", **video(folder))
    assert probe(folder / "video.mp4") == (64, 36, 2)
    assert sorted(each.name for each in folder.iterdir()) == ["video.mp4", "x1.png", "x2.png"]


def greys(path):
    """Grey of the middle of each frame of a video."""
    command = [program("ffmpeg"), "-v", "error", "-i", str(path), "-vf", "scale=1:1,format=gray"]
    raw = ["-f", "rawvideo", "-"]
    return [*subprocess.run([*command, *raw], check=True, capture_output=True).stdout]


@pytest.mark.parametrize(
    "names",
    [
        ("9998", "9999", "10000", "10001"),
        ("-0002", "-0001", "0000", "0001"),
        ("shot-8_L", "shot-9_L", "shot-10_L", "shot-11_L"),
    ],
)
async def test_frames_are_in_the_order_of_their_numbers(tmp_path, names):
    for grey, name in zip((50, 100, 150, 200), names, strict=True):
        Image.new("L", (64, 36), grey).save(tmp_path / f"{name}.png")
    await Bench().run("frames-to-video", **video(tmp_path))
    found = greys(tmp_path / "video.mp4")
    assert all(abs(one - other) < 8 for one, other in zip(found, (50, 100, 150, 200), strict=True))


@pytest.mark.parametrize(
    ("frame_path", "name"),
    [
        ("{folder}/######", "{:06}"),
        ("{folder}/shot_###_v2_", "shot_{:03}_v2_"),
        ("{folder}/shot_##_####", "shot_##_{:04}_L"),
        ("C:\\out\\no number", "no number{:04}"),
    ],
)
async def test_a_video_has_the_frames_of_its_job_whatever_else_lies_there(
    tmp_path, frame_path, name
):
    for number, grey in ((-1, 50), (3, 100), (4, 150), (5, 250)):
        Image.new("L", (64, 36), grey).save(tmp_path / f"{name.format(number)}.png")
    Image.new("L", (64, 36), 250).save(tmp_path / "other 4.png")
    asked = video(tmp_path, frames="-1,3-4", framePath=frame_path.format(folder=tmp_path))
    assert (await Bench().run("frames-to-video", **asked)).warnings == []
    found = greys(tmp_path / "video.mp4")
    assert all(abs(one - other) < 8 for one, other in zip(found, (50, 100, 150), strict=True))
    bench = await Bench().run("frames-to-video", **asked | {"frames": "3-8"})
    assert bench.warnings == ["the video lacks 3 frames of 3-8"]


def rate_of(path):
    """Frame rate that a video states."""
    entries = ["-show_entries", "stream=r_frame_rate", "-of", "csv=p=0"]
    command = [program("ffprobe"), "-v", "error", *entries, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("fps", "fraction"),
    [
        (30 / 1.001, "30000/1001"),
        (29.97, "30000/1001"),
        (24 / 1.001, "24000/1001"),
        (23.976, "24000/1001"),
        (60 / 1.001, "60000/1001"),
        (24.0, "24/1"),
        (12.5, "25/2"),
        (0.5, "1/2"),
        (1000.0, "1000/1"),
    ],
)
async def test_the_rate_of_a_video_is_exact(frames, fps, fraction):
    asked = video(frames, fps=fps, args=[*VIDEO_ARGUMENTS[:-1], "-r", fps, "-y"])
    await Bench().run("frames-to-video", **asked)
    assert rate_of(frames / "video.mp4") == fraction


async def test_a_video_that_fails_leaves_the_older_one_and_nothing_else(frames):
    program("ffmpeg")
    (frames / "video.mp4").write_bytes(b"older")
    with pytest.raises(CommandFailed, match="exited abnormally"):
        await Bench().run("frames-to-video", **video(frames, args=["-c:v", "no-such-codec", "-y"]))
    assert (frames / "video.mp4").read_bytes() == b"older"
    assert len([*frames.iterdir()]) == 7


PLUGIN = """
import bpy
class Lux(bpy.types.RenderEngine):
    bl_idname = bl_label = 'LUX'
bpy.utils.register_class(Lux)
bpy.context.scene.render.engine = 'LUX'
bpy.ops.wm.save_as_mainfile(filepath=FILE)
"""


@pytest.fixture
def lux(tmp_path):
    """A file whose render engine is not there."""
    file = tmp_path / "lux.blend"
    expression = PLUGIN.replace("FILE", repr(str(file)))
    make = [program("blender"), "-b", "--factory-startup", "--python-expr", expression]
    subprocess.run(make, check=True, capture_output=True)
    return file


@pytest.mark.slow
async def test_a_render_engine_that_is_not_there_ends_the_render_before_it_is_wrong(lux, tmp_path):
    parameters = render(lux, str(tmp_path / "frame-######"), "1")
    parameters["args"] = ["--scene", "Scene", *parameters["args"]]
    with pytest.raises(CannotRun, match="has no render engine 'LUX'") as caught:
        await Bench().run("blender-render", **parameters)
    assert caught.value.failure.kind == "missing-plugin"
    assert not list(tmp_path.glob("frame-*"))


@pytest.mark.slow
async def test_frames_and_samples_are_told_while_they_render(scene, tmp_path):
    bench = await Bench().run("blender-render", **render(scene, str(tmp_path / "######")))
    assert "Rendering frame 2, sample 1/1" in bench.said
    assert bench.usage.peak_memory > 50 * 1024**2


async def test_a_worker_that_does_not_see_the_folder_of_the_file_says_so(tmp_path):
    with pytest.raises(CannotRun, match="cannot read the folder '/no/such/share'"):
        await Bench().run("blender-render", **render("/no/such/share/file.blend", "x"))
