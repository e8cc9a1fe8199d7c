"""The jobs that were sent from a Blender, followed in its window."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import JOB, FakeManager
from tests.addon.hand import HAND
from tests.addon.window import play

pytestmark = pytest.mark.slow

FOLLOWING = """
import urllib.request
import flamenco.drawing as drawing, flamenco.my_jobs as my_jobs
my_jobs.INTERVAL = 0.2
draw_text, drawn = drawing.draw_text, []
def draw(layout, text, icon):
    draw_text(layout, text, icon)
    drawn.append(text)
drawing.draw_text = draw
def manager_plays(status):
    urllib.request.urlopen(wm.flamenco_test_url + "play/" + status).close()
    drawn.clear()
"""


def following(manager: FakeManager, story: str) -> str:
    return FOLLOWING.replace("wm.flamenco_test_url", repr(manager.url)) + story


def test_a_job_is_followed_until_it_fails_and_the_artist_is_told(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    manager.warnings = ["missing file /share/wood.png"]
    manager.failed = {"name": "render-3", "activity": "the scene has no camera"}
    story = """
submit()
yield from until(lambda: 'Job "shot": queued' in drawn)
manager_plays("failed")
yield from until(lambda: "render-3: the scene has no camera" in drawn)
finish(sorted(drawn[-3:]))
for _ in range(10):
    yield
"""
    run = play(blender, display, manager, following(manager, story), blendfile)
    assert run.result == [
        'Job "shot": failed',
        "missing file /share/wood.png",
        "render-3: the scene has no camera",
    ], run.output
    assert run.output.count('Warning: Job "shot" failed: render-3: the scene has no camera') == 1


def test_a_manager_that_goes_away_and_returns_disturbs_nobody(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    story = """
submit()
yield from until(lambda: 'Job "shot": queued' in drawn)
manager_plays("silent")
yield from until(lambda: any("does not answer" in text for text in drawn))
manager_plays("active")
yield from until(lambda: 'Job "shot": active' in drawn)
yield
drawn.clear()
yield from until(lambda: drawn)
finish(sorted(set(drawn)))
"""
    run = play(blender, display, manager, following(manager, story), blendfile)
    assert run.result == ['Job "shot": active'], run.output
    assert "Error" not in run.output


def test_the_buttons_of_a_job_ask_the_manager_and_its_picture_is_shown(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (64, 36), (200, 30, 30)).save(stream, "JPEG")
    manager.picture = stream.getvalue()
    manager.state = {"status": "active", "frames": {"total": 40, "done": 12}}
    story = f"""
{HAND}
import webbrowser
import flamenco.panel as panel
BUTTONS = ("pause", 0.2, "paused"), ("requeue", 0.5, "queued"), ("cancel", 0.5, "canceled")
opened = []
webbrowser.open = opened.append
def use_all():
    submit()
    yield from until(lambda: 'Job "shot": active, 12 / 40' in drawn)
    job = my_jobs.jobs()[0]
    yield from until(lambda: my_jobs.icon_of(job))
    panel.FLAMENCO_PT_job_submission.draw = lambda self, context: None
    for button, column, status in BUTTONS:
        where = yield from find("bpy.ops.flamenco.%s_job" % button, column)
        yield from click(*where)
        yield from until(lambda: job.state.status == status)
        yield from until(lambda: drawn and 'Job "shot": ' + status in drawn[-1])
    yield from click(*(yield from find("bpy.ops.flamenco.open_job", 0.7)))
    yield from until(lambda: opened)
    yield from click(*(yield from find("bpy.ops.flamenco.show_job", 0.3)))
    yield from until(lambda: not my_jobs.is_shown(job))
    finish(opened)
yield from alone(use_all)
"""
    run = play(blender, display, manager, following(manager, story), blendfile)
    assert run.result == [f"{manager.url}app/jobs/{JOB}"], run.output
    assert manager.asked == ["pause-requested", "requeueing", "cancel-requested"]


def test_the_jobs_of_an_earlier_session_are_followed(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    first = """
submit()
yield from until(lambda: wm.flamenco_bat_status == "DONE")
import os
name = os.path.join(bpy.utils.user_resource("CONFIG"), "flamenco-jobs.json")
yield from until(lambda: os.path.exists(name))
"""
    play(blender, display, manager, first, blendfile)
    manager.state = {"status": "completed"}
    story = """
import flamenco.my_jobs as my_jobs
yield from until(lambda: [one.state.status for one in my_jobs.jobs()] == ["completed"])
for _ in range(10):
    yield
"""
    run = play(blender, display, manager, story, blendfile)
    assert 'Info: Job "shot" is completed' in run.output
