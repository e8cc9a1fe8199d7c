"""Job types that render frames, rendered by the Worker's commands with the real Blender."""

import json
import struct
import subprocess

import pytest
from PIL import Image

from tests.jobtypes.rendering import GLOW, compiled, make_scene, make_strip, run_tasks
from tests.sounds import heard, tone
from tests.worker.commands.shop import program
from worker.command import CannotRun

pytestmark = pytest.mark.slow

MOVING = """
scene.cycles.samples = 1
cube = bpy.data.objects["Cube"]
cube.keyframe_insert("location", frame=1)
cube.location.x = 3
cube.keyframe_insert("location", frame=9)
"""

SMALL_AND_EMPTY = """
scene.render.resolution_x, scene.render.resolution_y = 16, 16
scene.cycles.samples = 1
bpy.data.objects.remove(bpy.data.objects["Cube"])
"""


@pytest.fixture(scope="module")
def blendfile(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene") / "shot.flamenco.blend", MOVING)


@pytest.fixture
def settings(blendfile, tmp_path):
    """The job that the add-on would submit."""
    return {
        "frames": "1-3",
        "chunk_size": 3,
        "render_output_root": str(tmp_path),
        "render_output_path": str(tmp_path / "renders" / "######"),
        "blendfile": str(blendfile),
        "fps": 24.0,
        "format": "PNG",
        "image_file_extension": ".png",
        "has_previews": False,
        "scene": "Scene",
    }


def names(tmp_path):
    return sorted(each.name for each in (tmp_path / "renders").iterdir())


def streams(video):
    """Kind, size and number of frames of the streams in a video."""
    entries = "stream=codec_name,width,height,nb_read_frames"
    command = [program("ffprobe"), "-v", "error", "-count_frames", "-show_entries", entries]
    output = subprocess.run([*command, "-of", "json", video], check=True, capture_output=True)
    return [
        (each["codec_name"], each["width"], each["height"], int(each["nb_read_frames"]))
        for each in json.loads(output.stdout)["streams"]
    ]


class TestSimpleBlenderRender:
    async def test_file_output_nodes_write_a_file_for_each_frame_which_has_its_picture(
        self, job, settings, tmp_path
    ):
        shot = make_scene(tmp_path / "glow.blend", MOVING + GLOW)
        chosen = settings | {"blendfile": str(shot)}
        ran = await run_tasks(
            await compiled(job, "simple-blender-render", **chosen), before="preview-video"
        )
        passes = sorted(each.name for each in (tmp_path / "passes").iterdir())
        assert passes == [f"my_glow000{number}.png" for number in (1, 2, 3)]
        (bench,) = ran.tasks.values()
        shown = [(number, output) for number in (1, 2, 3) for output in ("passes/my_glow", "")]
        assert bench.frames == shown

    async def test_frames_with_gaps_become_pictures_and_a_video_without_sound(
        self, job, settings, tmp_path
    ):
        ran = await run_tasks(
            await compiled(job, "simple-blender-render", **settings | {"frames": "1-3,7,9"})
        )
        frames = [f"00000{number}.png" for number in (1, 2, 3, 7, 9)]
        assert names(tmp_path) == [*frames, "shot-1-9.mp4"]
        assert [image.rpartition("/")[2] for image in ran.images] == frames
        pictures = {(tmp_path / "renders" / name).read_bytes() for name in frames}
        assert len(pictures) == len(frames)
        assert streams(tmp_path / "renders" / "shot-1-9.mp4") == [("h264", 62, 38, 5)]

    async def test_size_and_depth_are_the_jobs_own(self, job, settings, tmp_path):
        own = {"frames": "1", "resolution_percentage": 200, "color_depth": "16", "samples": 2}
        asked = settings | own | {"fps": None}
        await run_tasks(await compiled(job, "simple-blender-render", **asked))
        header = (tmp_path / "renders" / "000001.png").read_bytes()[16:25]
        assert struct.unpack(">IIB", header) == (122, 74, 16)

    async def test_who_asks_for_frames_again_gets_them_rendered_again(
        self, job, settings, tmp_path
    ):
        tasks = await compiled(job, "simple-blender-render", **settings | {"fps": None})
        await run_tasks(tasks)
        (tmp_path / "renders" / "000002.png").unlink()
        again = await run_tasks(tasks)
        assert [image.rpartition("/")[2] for image in again.images] == [
            f"00000{number}.png" for number in (1, 2, 3)
        ]

    @pytest.mark.parametrize("format_", ["OPEN_EXR", "OPEN_EXR_MULTILAYER"])
    async def test_exr_frames_without_previews_make_a_video(self, job, settings, tmp_path, format_):
        exr = {"format": format_, "image_file_extension": ".exr"}
        await run_tasks(await compiled(job, "simple-blender-render", **settings | exr))
        frames = [f"00000{number}.exr" for number in (1, 2, 3)]
        assert names(tmp_path) == [*frames, "shot-1-3.mp4"]
        assert streams(tmp_path / "renders" / "shot-1-3.mp4") == [("h264", 62, 38, 3)]

    async def test_a_strip_of_the_sequencer_is_heard_from_its_frame_on(
        self, job, settings, tmp_path
    ):
        strip = make_strip(tone(tmp_path / "tone.wav", 0.1), 9)
        blendfile = make_scene(tmp_path / "sound.blend", SMALL_AND_EMPTY + strip)
        more = {"frames": "3-12", "chunk_size": 10, "has_sound": True, "blendfile": str(blendfile)}
        ran = await run_tasks(await compiled(job, "simple-blender-render", **settings | more))
        assert [*ran.tasks] == ["render-3-12", "sound", "preview-video"]
        assert ran.tasks["preview-video"].warnings == []
        begins, ends = heard(tmp_path / "renders" / "sound-3-12.mp4")
        assert (begins, ends) == pytest.approx((6 / 24, 6 / 24 + 0.1), abs=0.03)

    async def test_of_a_stereoscopic_job_the_video_shows_one_eye(self, job, settings, tmp_path):
        stereo = "\nscene.render.use_multiview = True"
        blendfile = make_scene(tmp_path / "stereo.blend", MOVING + stereo)
        more = {"frames": "1-2", "blendfile": str(blendfile)}
        await run_tasks(await compiled(job, "simple-blender-render", **settings | more))
        assert len(names(tmp_path)) == 5
        assert streams(tmp_path / "renders" / "stereo-1-2.mp4") == [("h264", 62, 38, 2)]

    async def test_previews_of_exr_frames_make_the_video(self, job, settings, tmp_path):
        previews = "scene.render.image_settings.use_preview = True"
        blendfile = make_scene(tmp_path / "with previews.blend", MOVING + previews)
        exr = {"format": "OPEN_EXR_MULTILAYER", "image_file_extension": ".exr"}
        more = {**exr, "has_previews": True, "blendfile": str(blendfile)}
        await run_tasks(await compiled(job, "simple-blender-render", **settings | more))
        assert {".exr", ".jpg", ".mp4"} == {name[-4:] for name in names(tmp_path)}
        video = tmp_path / "renders" / "with previews-1-3.mp4"
        assert streams(video) == [("h264", 62, 38, 3)]

    async def test_the_scene_asked_for_is_rendered_and_jpeg_has_a_video_too(
        self, job, settings, tmp_path
    ):
        other = "other = bpy.data.scenes.new('Other'); other.render.resolution_x = 32"
        more = f"{other}; other.render.engine = 'CYCLES'; other.cycles.use_denoising = False"
        camera = "other.collection.objects.link(scene.camera); other.camera = scene.camera"
        size = "other.render.resolution_y = 16"
        blendfile = make_scene(tmp_path / "two.blend", "\n".join([more, camera, size]))
        jpeg = {"format": "JPEG", "image_file_extension": ".jpg", "frames": "1"}
        asked = settings | jpeg | {"scene": "Other", "blendfile": str(blendfile)}
        await run_tasks(await compiled(job, "simple-blender-render", **asked))
        assert names(tmp_path) == ["000001.jpg", "two-1.mp4"]
        with Image.open(tmp_path / "renders" / "000001.jpg") as picture:
            assert picture.size == (32, 16)

    async def test_only_the_view_layer_asked_for_is_rendered(self, job, settings, tmp_path):
        empty = "scene.view_layers.new('Empty').layer_collection.exclude = True"
        hide = "for each in scene.view_layers['Empty'].layer_collection.children: each.exclude = 1"
        blendfile = make_scene(tmp_path / "layers.blend", f"{empty}\n{hide}")
        frames = {}
        for layer in ("", "Empty"):
            folder = tmp_path / (layer or "all")
            asked = settings | {"frames": "1", "fps": None, "view_layer": layer}
            asked |= {"blendfile": str(blendfile), "render_output_path": f"{folder}/######"}
            await run_tasks(await compiled(job, "simple-blender-render", **asked))
            with Image.open(folder / "000001.png") as picture:
                extrema = picture.convert("RGB").getextrema()
            frames[layer] = max(brightest - darkest for darkest, brightest in extrema)
        assert frames["Empty"] < 5  # the background, dithered
        assert frames[""] > 20


class TestTypesWithoutBlender:
    async def test_test_frames_are_drawn_and_become_a_video(self, job, tmp_path):
        output = str(tmp_path / "renders" / "####")
        size = {"width": 64, "height": 36}
        asked = {"frames": "3,9", "render_output_path": output, **size}
        ran = await run_tasks(await compiled(job, "test-frames", **asked))
        assert names(tmp_path) == ["0003.png", "0009.png", "renders.mp4"]
        assert [image.rpartition("/")[2] for image in ran.images] == ["0003.png", "0009.png"]
        assert streams(tmp_path / "renders" / "renders.mp4") == [("h264", 64, 36, 2)]

    async def test_echo_sleep_test_says_something_and_sleeps(self, job, autojump_clock):
        asked = {"message": "hello", "sleep_duration_seconds": 3600}
        ran = await run_tasks(await compiled(job, "echo-sleep-test", **asked))
        assert [bench.lines for bench in ran.tasks.values()] == [
            ['echo: "hello"'],
            ["slept 3600s"],
        ]


class TestCyclesGpuRender:
    async def test_the_cpu_renders_what_it_is_asked_to(self, job, settings, tmp_path):
        asked = settings | {"device": "CPU", "engine": "CYCLES"}
        ran = await run_tasks(await compiled(job, "cycles-gpu-render", **asked))
        assert names(tmp_path) == [*(f"00000{number}.png" for number in (1, 2, 3)), "shot-1-3.mp4"]
        log = ran.tasks["render-1-3"].lines
        assert any(line.endswith("> Cycles renders with the CPU") for line in log)

    @pytest.mark.parametrize(
        ("device", "sentence"),
        [
            ("AUTOMATIC", "finds no GPU that Cycles could use"),
            ("OPTIX", "finds no OptiX GPU"),
        ],
    )
    async def test_a_worker_without_the_device_refuses_and_renders_nothing(
        self, job, settings, tmp_path, device, sentence
    ):
        asked = settings | {"device": device, "engine": "CYCLES"}
        with pytest.raises(CannotRun, match=sentence) as refused:
            await run_tasks(await compiled(job, "cycles-gpu-render", **asked))
        assert refused.value.failure.kind == "missing-device"
        assert not (tmp_path / "renders").exists()

    async def test_the_cpu_stands_in_only_if_the_job_says_so(self, job, settings, tmp_path):
        asked = settings | {"device": "OPTIX", "cpu_fallback": True, "frames": "1"}
        await run_tasks(await compiled(job, "cycles-gpu-render", **asked))
        assert "000001.png" in names(tmp_path)
