"""The pictures of the add-on in the user guide, made anew in Debian's Blender.

python -m tests.addon.pictures [--folder docs/pictures]
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path

import trio
from PIL import Image, ImageChops

from flamenco.jobtypes import inline_compiler
from tests.addon import fake_manager
from tests.addon.blender import InstalledBlender, find_blender, virtual_display, zip_addon
from tests.addon.fake_manager import FakeManager
from tests.addon.hand import HAND
from tests.addon.job_type import described
from tests.addon.scene_files import make_file
from tests.addon.window import play

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
COLORS, SCALE, FAINT = 64, 1.3, 8
TABS, HEADER, MARGIN = 46, 78, 12
"""Pixels of the editor left of the panel, above it, and at its other edges."""
CROPS = {"preferences": (172, 232, 687, 505), "question": (318, 503, 962, 662)}
"""{picture: the part of it that is kept}, in pixels."""

SCENE = """
scene.view_layers[0].name = "Actors"
scene.view_layers.new("Sky")
scene.camera = None
use_image("/home/ann/film/textures/wood.png")
bpy.data.scenes.new("Titles").camera = None
"""
STORY = """
import flamenco.job_panels as job_panels, flamenco.my_jobs as my_jobs
my_jobs.INTERVAL = 0.2
HAND
import flamenco.panel as panel, flamenco.preferences as shown
shown._storage = lambda: "/srv/farm"
shown.find_project_root = lambda *_: "/home/ann/film"
preferences = bpy.context.preferences.addons["flamenco"].preferences
whole_panel = panel.FLAMENCO_PT_job_submission.draw

def taken(name, window=0, area=None):
    for _ in range(6):
        for one in wm.windows[window].screen.areas:
            one.tag_redraw()
        yield
    whole = {"window": wm.windows[window]}
    if area is not None:
        whole |= {"area": area, "region": area.regions[-1]}
    with bpy.context.temp_override(**whole):
        ask = bpy.ops.screen.screenshot if area is None else bpy.ops.screen.screenshot_area
        ask(filepath=FOLDER + "/" + name + ".png")

# Panels that were closed stay so; these begin open.
NAMES = "bl_label", "bl_parent_id", "bl_space_type", "bl_region_type", "bl_context", "draw"
def opened_of(kind):
    parts = {name: getattr(kind, name) for name in NAMES}
    return type(f"{kind.__name__}_opened", (bpy.types.Panel,), parts)
opened = [*map(opened_of, job_panels.classes)]

def preferences_shown():
    address = preferences.manager_url
    preferences["manager_url"] = "http://manager.local:8080/"
    wm.flamenco_status_ping = "Flamenco version 4.0.0 found"
    bpy.ops.preferences.addon_show(module="flamenco")
    yield from until(lambda: len(wm.windows) == 2)
    yield from taken("preferences", window=-1)
    preferences["manager_url"] = address
    with bpy.context.temp_override(window=wm.windows[-1]):
        bpy.ops.wm.window_close()
    yield from until(lambda: len(wm.windows) == 1)

def pictures():
    scene = bpy.context.scene
    area = max((one for one in wm.windows[0].screen.areas), key=lambda one: one.width * one.height)
    yield from preferences_shown()
    bpy.context.preferences.view.ui_scale = SCALE
    scene.flamenco_job_settings.render_output_root = "/srv/farm/renders"
    scene.flamenco_comment = "second try, with the new lights"
    yield from taken("panel", area=area)
    scene.flamenco_jobs = "LAYERS"
    panel.FLAMENCO_PT_job_submission.draw = lambda self, context: None
    for kind in job_panels.classes:
        bpy.utils.unregister_class(kind)
    for kind in opened:
        bpy.utils.register_class(kind)
    yield from taken("more", area=area)
    for kind in opened:
        bpy.utils.unregister_class(kind)
    scene.flamenco_jobs = "ONE"
    bpy.ops.wm.save_mainfile()
    bpy.context.preferences.view.ui_scale = 1
    yield from point(640, 512)
    submit()
    yield from until(lambda: wm.flamenco_bat_status_txt == "Waiting for an answer")
    yield from taken("question")
    bpy.context.preferences.view.ui_scale = SCALE
    bpy.ops.flamenco.answer(choice="GO_ON")
    yield from until(lambda: my_jobs.jobs() and my_jobs.icon_of(my_jobs.jobs()[0]))
    yield from press("ESC", 640, 512)
    yield from point(20, 20)
    yield from taken("my-jobs", area=area)
    for kind in job_panels.classes:
        bpy.utils.register_class(kind)

yield from alone(pictures)
finish(True)
"""


def frame() -> bytes:
    """A picture of a frame, as the Manager has it."""
    sky = Image.linear_gradient("L").resize((200, 112))
    made = Image.merge("RGB", (sky.point(lambda v: v // 2), sky.point(lambda v: 90 + v // 3), sky))
    content = io.BytesIO()
    made.save(content, "JPEG")
    return content.getvalue()


def play_in(manager: FakeManager, display: str, folder: Path) -> None:
    installed = InstalledBlender.install(find_blender(), zip_addon(folder), folder / "blender")
    blendfile = make_file(installed, folder / "home" / "shot.blend", SCENE)
    story = STORY.replace("HAND", HAND).replace("FOLDER", repr(str(folder)))
    story = story.replace("SCALE", str(SCALE))
    run = play(installed, display, manager, story, blendfile)
    if run.result is not True:
        sys.exit(run.output)


def trimmed(picture: Image.Image) -> Image.Image:
    """The panel alone, without the editor around it."""
    panel = picture.crop((TABS, HEADER, picture.width - MARGIN, picture.height - MARGIN))
    ground = panel.getpixel((panel.width // 2, panel.height - 1))
    empty = Image.new("RGB", panel.size, ground)
    found = ImageChops.difference(panel, empty).point(lambda value: 255 if value > FAINT else 0)
    left, top, right, bottom = found.getbbox() or (0, 0, *panel.size)
    return panel.crop((left, top, right, bottom))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.addon.pictures")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the pictures")
    target = parser.parse_args().folder
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made, virtual_display() as display:
        folder = Path(made)
        storage = folder / "storage"
        storage.mkdir()
        with fake_manager.running(storage) as manager:
            manager.job_types = [described(one) for one in trio.run(inline_compiler().job_types)]
            manager.tags = [{"id": "0d6a0ab0-92c5-4a4f-b3f1-5a8b4dd4b9a7", "name": "GPU"}]
            manager.picture = frame()
            counts = {"done": 17, "total": 48}
            manager.state = {"status": "active", "activity": "", "frames": counts}
            play_in(manager, display, folder)
        for file in sorted(folder.glob("*.png")):
            with Image.open(file) as picture:
                box = CROPS.get(file.stem)
                whole = picture.convert("RGB")
                small = (whole.crop(box) if box else trimmed(whole)).quantize(COLORS)
            kept = target / f"addon-{file.name}"
            small.save(kept, optimize=True)
            print(f"{kept}: {kept.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
