"""The videos of the built-in job types, as they are asked for."""

import pytest

from flamenco.jobtypes.authoring import format_timestamp_local
from tests.jobtypes.rendering import RENDER, compiled


async def test_the_video_waits_for_all_frames(job):
    video = (await compiled(job, "simple-blender-render", **RENDER)).tasks[-1]
    folder = f"/render/out/My Job/{format_timestamp_local(job('x').created)}"
    bt_709 = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    assert (video.type, video.depends_on) == ("ffmpeg", (0, 1))
    assert [each.name for each in video.commands] == ["frames-to-video"]
    assert video.commands[0].parameters == {
        "exe": "ffmpeg",
        "fps": 24.0,
        "inputGlob": f"{folder}/*.png",
        "outputFile": f"{folder}/scene-1-4.mp4",
        "args": [
            *("-c:v", "h264", "-crf", "20", "-g", "18"),
            *("-vf", f"pad=ceil(iw/2)*2:ceil(ih/2)*2,{bt_709}"),
            *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
            *("-color_range", "tv", "-pix_fmt", "yuv420p", "-r", 24.0, "-y"),
        ],
        "frames": "1-4",
        "framePath": f"{folder}/######",
        "asShown": True,
    }


@pytest.mark.parametrize(
    ("frames", "saved", "begins"), [("5-8", "5, 8", 5), ("-3-8", "0, 8", 0), ("9", "9, 9", 9)]
)
async def test_sound_is_saved_for_the_frames_and_put_into_their_video(job, frames, saved, begins):
    asked = RENDER | {"frames": frames, "has_sound": True, "chunk_size": 100}
    render, sound, video = (await compiled(job, "simple-blender-render", **asked)).tasks
    assert (sound.name, sound.type, sound.depends_on) == ("sound", "blender", ())
    assert video.depends_on == (0, 1)
    parameters = sound.commands[0].parameters
    file = parameters["args"][parameters["args"].index("--render-output") + 1]
    assert f"scene.frame_start, scene.frame_end = {saved}\n" in parameters["args"][-1]
    assert parameters["blendfile"] == render.commands[0].parameters["blendfile"]
    assert file == video.commands[0].parameters["outputFile"].replace(".mp4", ".flac")
    assert video.commands[0].parameters["sound"] == file
    assert video.commands[0].parameters["soundFrame"] == begins


@pytest.mark.parametrize(("frames", "why"), [("1-4,6", "gaps"), ("-4--2", "the last frame")])
async def test_sound_that_would_not_fit_is_left_out_with_the_reason(job, frames, why):
    asked = RENDER | {"has_sound": True, "frames": frames}
    *renders, video = (await compiled(job, "simple-blender-render", **asked)).tasks
    assert "sound" not in {each.name for each in renders}
    assert why in video.commands[0].parameters["noSound"]


async def test_no_sound_is_saved_where_there_is_no_video(job):
    asked = RENDER | {"has_sound": True, "fps": None}
    tasks = (await compiled(job, "simple-blender-render", **asked)).tasks
    assert "sound" not in {each.name for each in tasks}


async def test_a_list_of_frames_gives_the_video_the_first_and_last_as_its_name(job):
    asked = RENDER | {"frames": "12, 3, 5-8"}
    tasks = (await compiled(job, "simple-blender-render", **asked)).tasks
    assert tasks[-1].commands[0].parameters["outputFile"].endswith("/scene-3-12.mp4")


@pytest.mark.parametrize(
    ("changed", "glob"),
    [
        ({"format": "OPEN_EXR", "image_file_extension": ".exr"}, "*.exr"),
        ({"format": "HDR", "image_file_extension": ".hdr"}, "*.hdr"),
        ({"format": "OPEN_EXR_MULTILAYER", "has_previews": True}, "*.jpg"),
        ({"fps": None}, None),
        ({"format": "JPEG", "image_file_extension": ".jpg"}, "*.jpg"),
        ({"format": "OPEN_EXR", "image_file_extension": ".png"}, "*.exr"),
        ({"format": "OTHER", "image_file_extension": ".own"}, "*.own"),
    ],
)
async def test_there_is_a_video_of_every_format(job, changed, glob):
    tasks = (await compiled(job, "simple-blender-render", **RENDER | changed)).tasks
    videos = [each for each in tasks if each.type == "ffmpeg"]
    assert [each.commands[0].parameters["inputGlob"].rpartition("/")[2] for each in videos] == (
        [glob] if glob else []
    )
