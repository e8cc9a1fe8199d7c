"""Several scenes or view layers in one job."""

import json
import re

import pytest

from flamenco.jobtypes import CompileError
from tests.jobtypes.rendering import RENDER, compiled


async def test_each_scene_has_tasks_and_a_folder_and_a_video_of_its_own(job):
    scenes = [
        {"name": "Set: day", "frames": "1-2"},
        {"name": "Night", "scene": "N", "view_layer": "Sky", "frames": "1", "fps": 12.0},
    ]
    made = await compiled(job, "simple-blender-render", **RENDER, scenes=json.dumps(scenes))
    assert [each.name for each in made.tasks] == [
        "Set_ day: render-1,2",
        "Set_ day: preview-video",
        "Night: render-1",
        "Night: preview-video",
    ]
    assert [each.depends_on for each in made.tasks] == [(), (0,), (), (2,)]
    day, day_video, night, night_video = (each.commands[0].parameters for each in made.tasks)
    folder = made.settings["render_output_path"].removesuffix("/######")
    assert f"{folder}/Set_ day/######" in day["args"]
    assert (day["output"], night["output"]) == ("Set_ day", "Night")
    assert night["args"][night["args"].index("--scene") + 1] == "N"
    assert any("'Sky'" in str(word) for word in night["args"])
    assert not any("'Sky'" in str(word) for word in day["args"])
    assert (day_video["frames"], night_video["frames"]) == ("1-2", "1")
    assert night_video["fps"] == 12
    assert night_video["outputFile"].startswith(f"{folder}/Night/")


@pytest.mark.parametrize(
    ("scenes", "told"),
    [
        ("{", "scenes: expected a JSON list"),
        ("[]", "expected 1 to 100 with different names, got 0"),
        ('[{"name": "A:"}, {"name": "A?"}]', "got 2 with 1 names"),
        ('[{"name": "Day"}, {"name": "day"}]', "got 2 with 1 names that differ by more than case"),
        ('[{"frames": "1"}]', "expected a name for each, got None"),
        ('[{"name": "A", "color": 1}]', "A has settings that there are not: color"),
        ('[{"name": "A", "chunk_size": "x"}]', "A: settings.chunk_size: expected"),
        ('[{"name": "A", "format": "FFMPEG"}]', "expected an image format, got FFMPEG"),
    ],
)
async def test_scenes_that_make_no_sense_are_refused_with_a_sentence(job, scenes, told):
    with pytest.raises(CompileError, match=re.escape(told)):
        await compiled(job, "simple-blender-render", **RENDER, scenes=scenes)
