"""Stories that are played in Blender's window."""

from pathlib import Path

from tests.addon.blender import InstalledBlender, Run
from tests.addon.fake_manager import FakeManager

# `story` is a generator: it yields until a condition holds and runs on Blender's own timer, thus
# only while the window is responsive.
_SCRIPT = """
import traceback, urllib.request

wm = bpy.context.window_manager

def open_gate():
    urllib.request.urlopen({url!r} + "open-gate").close()

def until(condition):
    while not condition():
        yield

def prepare():
    for area in wm.windows[0].screen.areas:
        if area.type == "VIEW_3D":
            area.type = "PROPERTIES"
    yield
    for area in wm.windows[0].screen.areas:
        if area.type == "PROPERTIES":
            area.spaces.active.context = "OUTPUT"
    use_manager({url!r})
    yield from until(lambda: wm.flamenco_status_ping.endswith("found"))
    scene = bpy.context.scene
    scene.flamenco_job_type = "simple-blender-render"
    scene.flamenco_job_settings.render_output_root = "/renders"
    yield

def submit():
    with bpy.context.temp_override(window=wm.windows[0]):
        return sorted(bpy.ops.flamenco.submit_job("INVOKE_DEFAULT"))

def story():
{story}

def whole():
    yield from prepare()
    yield from story()

running = whole()

def tick():
    try:
        next(running)
    except StopIteration:
        bpy.ops.wm.quit_blender()
        return None
    except Exception:
        traceback.print_exc()
        bpy.ops.wm.quit_blender()
        return None
    return 0.05

bpy.app.timers.register(tick, first_interval=0.5, persistent=True)
"""


def play(
    blender: InstalledBlender, display: str, manager: FakeManager, story: str, blendfile: Path
) -> Run:
    indented = "".join(f"    {line}\n" for line in story.strip().splitlines())
    script = _SCRIPT.format(url=manager.url, story=indented)
    run = blender.run(script, blendfile=blendfile, display=display)
    assert "Traceback" not in run.output, run.output
    return run
