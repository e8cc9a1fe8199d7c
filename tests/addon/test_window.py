"""The add-on in Blender's window, where submissions must not stop the user's work."""

from pathlib import Path

import pytest

from flamenco.jobtypes import inline_compiler
from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import GATE_TIMEOUT, FakeManager
from tests.addon.hand import HAND
from tests.addon.job_type import described
from tests.addon.scene_files import make_file
from tests.addon.window import play

pytestmark = pytest.mark.slow

GPU, OLD = "b1c0e4e2-5b68-4f0d-8f2b-7e9f8a4c3d21", "0d6a0ab0-92c5-4a4f-b3f1-5a8b4dd4b9a7"


def test_the_window_stays_alive_while_the_manager_takes_its_time(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    manager.gate.clear()
    story = """
started = submit()
second = bpy.ops.flamenco.submit_job.poll()
yield from until(lambda: wm.flamenco_bat_status_txt == "Checking the job")
open_gate()
yield from until(lambda: wm.flamenco_bat_status == "DONE")
finish([started, second, bpy.ops.flamenco.submit_job.poll()])
"""
    run = play(blender, display, manager, story, blendfile)
    assert run.result == [["RUNNING_MODAL"], False, True], run.output
    assert len(manager.submitted) == 1
    assert 'Job "shot" submitted, 1 file copied' in run.output


def test_a_file_output_node_outside_the_farm_is_told_before_anything_is_sent(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    story = """
import flamenco.panel as panel
drawn = []
panel.drawing.draw_text = lambda layout, text, icon: drawn.append(text)
scene = bpy.context.scene
scene.use_nodes = True
for name, path in (("A", "/tmp/passes/"), ("C", STORAGE + "/passes/")):
    node = scene.node_tree.nodes.new("CompositorNodeOutputFile")
    node.name, node.base_path = name, path
yield from until(lambda: drawn)
finish([sorted(set(drawn)), sorted(bpy.ops.flamenco.submit_job())])
""".replace("STORAGE", repr(str(manager.storage)))
    run = play(blender, display, manager, story, blendfile)
    told = 'File Output node "A" writes to /tmp/passes/, on each Worker\'s own disk'
    assert run.result == [[told], ["FINISHED"]], run.output
    assert f"1 file copied to the shared storage; {told}" in run.output


def test_a_submission_can_be_aborted(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path, storage: Path
) -> None:
    manager.gate.clear()
    story = """
submit()
yield from until(lambda: wm.flamenco_bat_status_txt == "Checking the job")
bpy.ops.flamenco.abort()
open_gate()
yield from until(lambda: wm.flamenco_bat_status == "ABORTED")
finish(bpy.ops.flamenco.submit_job.poll())
"""
    run = play(blender, display, manager, story, blendfile)
    assert run.result is True, run.output
    assert manager.submitted == []
    assert list(storage.glob("jobs/*")) == []


@pytest.mark.parametrize("stage", ["Checking the job", "Sending the job"])
def test_aborting_does_not_wait_for_a_manager_that_hangs(
    blender: InstalledBlender,
    display: str,
    manager: FakeManager,
    blendfile: Path,
    storage: Path,
    stage: str,
) -> None:
    (manager.gate if stage == "Checking the job" else manager.post_gate).clear()
    story = f"""
import time
submit()
yield from until(lambda: wm.flamenco_bat_status_txt == {stage!r})
began = time.monotonic()
bpy.ops.flamenco.abort()
yield from until(lambda: wm.flamenco_bat_status == "ABORTED")
took = time.monotonic() - began
open_gate()
yield from until(lambda: not os.path.isdir(JOBS) or not os.listdir(JOBS))
yield from until(lambda: not any(one.name == "flamenco-addon" for one in threading.enumerate()))
finish([bpy.ops.flamenco.submit_job.poll(), took])
""".replace("JOBS", repr(str(storage / "jobs")))
    story = "import os, threading\n" + story
    run = play(blender, display, manager, story, blendfile)
    can_submit, took = run.result
    assert can_submit is True, run.output
    assert took < GATE_TIMEOUT / 2, "it waited for the Manager's answer"
    assert manager.submitted == []
    assert manager.given_up == [key for key in manager.keys[:1] if key]


def test_opening_another_file_ends_the_submission(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    manager.gate.clear()
    story = f"""
submit()
yield from until(lambda: wm.flamenco_bat_status_txt == "Checking the job")
with bpy.context.temp_override(window=wm.windows[0]):
    bpy.ops.wm.open_mainfile(filepath={str(blendfile)!r})
open_gate()
yield
state = bpy.context.window_manager.flamenco_bat_status
bpy.context.scene.flamenco_job_type = "simple-blender-render"
finish([state, bpy.ops.flamenco.submit_job.poll()])
"""
    run = play(blender, display, manager, story, blendfile)
    assert run.result == ["IDLE", True], run.output
    assert manager.submitted == []


def test_an_unreachable_manager_is_reported_and_the_next_submission_works(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    story = f"""
use_manager("http://127.0.0.1:9/")
yield from until(lambda: "cannot be reached" in wm.flamenco_status_ping)
submit()
yield from until(lambda: wm.flamenco_bat_status == "IDLE")
use_manager({manager.url!r})
yield from until(lambda: wm.flamenco_status_ping.endswith("found"))
submit()
yield from until(lambda: wm.flamenco_bat_status == "DONE")
finish(True)
"""
    run = play(blender, display, manager, story, blendfile)
    assert run.result is True, run.output
    assert len(manager.submitted) == 1


async def test_the_panel_shows_each_setting_of_each_built_in_type_linked_and_not(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    job_types = await inline_compiler().job_types()
    manager.job_types = [described(each) for each in job_types]
    shown = {
        each.name: [
            setting.key for setting in each.settings if setting.visible in ("visible", "submission")
        ]
        for each in job_types
    }
    story = f"""
import flamenco.panel as panel
draw_setting, drawn = panel._draw_setting, set()
def draw(row, setting, values):
    draw_setting(row, setting, values)
    linked = setting.link_button and getattr(values, setting.autoeval_key)
    drawn.add((scene.flamenco_job_type, setting.key, linked))
panel._draw_setting = draw
scene = bpy.context.scene
for name, keys in {shown!r}.items():
    scene.flamenco_job_type = name
    yield from until(lambda: {{key for type_, key, _ in drawn if type_ == name}} >= set(keys))
    links = [key for type_, key, linked in drawn if type_ == name and linked]
    for key in links:
        setattr(scene.flamenco_job_settings, "autoeval_" + key, False)
    yield from until(lambda: all((name, key, False) in drawn for key in links))
    for key in links:  # other types have settings of the same name, which would stay unlinked
        setattr(scene.flamenco_job_settings, "autoeval_" + key, True)
finish(sorted({{key for type_, key, linked in drawn if type_ == "single-image-render" and linked}}))
"""
    run = play(blender, display, manager, story, blendfile)
    assert run.result == ["denoise", "format", "frame", "resolution_percentage", "samples"]


def test_each_control_of_the_panel_is_used_with_mouse_and_keys(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    manager.tags = [{"id": GPU, "name": "GPU"}, {"id": OLD, "name": "Old"}]
    story = f"""
{HAND}
def use_all():
    scene = bpy.context.scene
    scene.flamenco_job_type = "-"
    where = yield from controls(0.6)
    yield from enter("abc", *where["flamenco_job_name"])
    yield from enter("77", *where["flamenco_job_priority"])
    yield from click(*where["flamenco_job_submit_as_paused"])
    yield from choose_second_with_keys(*where["flamenco_worker_tag"])
    yield from choose_second_with_mouse(*where["flamenco_job_type"])
    refreshed = where.pop("bpy.ops.flamenco.ping_manager")
    wm.flamenco_status_ping = ""
    yield from click(*refreshed)
    yield from until(lambda: wm.flamenco_status_ping.endswith("found"))
    chosen = [scene.flamenco_job_type, scene.flamenco_worker_tag]
    finish([chosen])
    if "" in chosen:
        return
    scene.flamenco_job_type = "simple-blender-render"
    settings = scene.flamenco_job_settings
    where = yield from controls()
    yield from click(*where["flamenco_job_settings.autoeval_frames"])
    where = yield from controls()
    yield from enter("5", *where["flamenco_job_settings.frames"])
    yield from enter("12", *where["flamenco_job_settings.chunk_size"])
    yield from enter("3", *where["flamenco_job_settings.add_path_components"])
    yield from enter("out", *where["flamenco_job_settings.render_output_root"], "LEFTMOUSE")
    typed = [settings.frames, settings.chunk_size, settings.render_output_root]
    yield from click(*where["bpy.ops.flamenco.submit_job"])
    yield from until(lambda: wm.flamenco_bat_status_txt == "Waiting for an answer")
    yield from press("RET", *where["bpy.ops.flamenco.submit_job"])
    yield from until(lambda: wm.flamenco_bat_status == "DONE")
    mine = [scene.flamenco_job_name, scene.flamenco_job_priority]
    finish([chosen, mine, typed, settings.add_path_components])
yield from alone(use_all)
"""
    run = play(blender, display, manager, story, blendfile)
    assert run.result is not None, run.output
    assert run.result[0] == ["simple-blender-render", GPU]
    _, mine, typed, components = run.result
    assert mine == ["abc", 77]
    assert typed == ["5", 12, "out"]
    assert components == 3
    (job,) = manager.submitted
    assert (job["initial_status"], job["worker_tag"]) == ("paused", GPU)


def test_unsaved_changes_and_missing_files_are_asked_about_before_anything_is_sent(
    blender: InstalledBlender, display: str, manager: FakeManager, tmp_path: Path
) -> None:
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend", 'use_image("//gone.png")')
    story = f"""
{HAND}
asked = []
def change():
    bpy.context.scene.frame_end += 1
    bpy.ops.ed.undo_push(message="what the user interface does after a change")

def answered(choice):
    yield from until(lambda: wm.flamenco_bat_status_txt == "Waiting for an answer")
    asked.append(wm.flamenco_bat_status)
    if choice == "RET":
        yield from point(640, 512)
        yield from press("RET", 640, 512)
    elif choice == "ESC":
        yield from press("ESC", 640, 512)
    else:
        bpy.ops.flamenco.answer(choice=choice)
    yield from until(lambda: wm.flamenco_bat_status_txt != "Waiting for an answer")

change()
submit()
yield from answered("ESC")
yield from until(lambda: wm.flamenco_bat_status == "ABORTED")
kept = bpy.data.is_dirty
submit()
yield from answered("RET")
yield from answered("STOP")
yield from until(lambda: wm.flamenco_bat_status == "ABORTED")
submit()
yield from answered("GO_ON")
yield from until(lambda: wm.flamenco_bat_status == "DONE")
finish([asked, kept, bpy.data.is_dirty])
"""
    run = play(blender, display, manager, story, blendfile)
    saving, looking = "SAVING", "INVESTIGATING"
    assert run.result == [[saving, saving, looking, looking], True, False], run.output
    assert len(manager.submitted) == 1


def test_what_is_ticked_is_mended_and_saved_before_the_file_is_sent(
    blender: InstalledBlender, display: str, manager: FakeManager, tmp_path: Path
) -> None:
    script = 'scene.camera = None\nimage_file(folder + "/wood.png")\nuse_image("//wood.png")'
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend", script)
    manager.dry_run = ["no worker has what tasks of type 'blender' need: a GPU"]
    story = """
import flamenco.operators as operators
image = bpy.data.images["//wood.png"]
image.pixels[0] = 0.5
submit()
asked = []
for ticked in (True, False):
    yield from until(lambda: wm.flamenco_bat_status_txt == "Waiting for an answer")
    found = operators._current.question.findings
    asked.append([str(one) for one in found])
    lines = {f"line_{number}": "FIX" for number in range(len(found)) if ticked}
    bpy.ops.flamenco.answer(choice="GO_ON", **lines)
    yield from until(lambda: wm.flamenco_bat_status_txt != "Waiting for an answer")
yield from until(lambda: wm.flamenco_bat_status == "DONE")
finish([asked, image.is_dirty, bpy.data.is_dirty, bpy.context.scene.camera.name])
"""
    run = play(blender, display, manager, story, blendfile)
    (first, second), *state = run.result
    told, camera, unsaved = first
    assert [told, camera] == [*manager.dry_run, 'Scene "Shot" has no camera']
    assert unsaved.startswith('Image "//wood.png" has changes')
    assert second == manager.dry_run
    assert state == [False, False, "Camera"], run.output
    (job,) = manager.submitted
    look = "finish(bpy.context.scene.camera.name)"
    sent = Path(job["settings"]["blendfile"])
    assert blender.run(look, blendfile=sent).result == "Camera"


def test_each_control_of_requirements_frames_and_managers_is_used_with_mouse_and_keys(
    blender: InstalledBlender, display: str, manager: FakeManager, blendfile: Path
) -> None:
    story = f"""
{HAND}
import flamenco.job_panels, flamenco.panel as panel
NAMES = "bl_label", "bl_parent_id", "bl_space_type", "bl_region_type", "bl_context", "draw"
preferences = bpy.context.preferences.addons["flamenco"].preferences
for name, url in (("Other", "http://127.0.0.1:9/"), ("Studio", {manager.url!r})):
    one = preferences.managers.add()
    one.name, one.url = name, url
preferences.manager_url = preferences.managers[0].url
def use_all():
    scene = bpy.context.scene
    where = yield from controls(0.55)
    yield from enter("kind", *where["flamenco_comment"])
    yield from choose_second_with_keys(*where["flamenco_frames_from"])
    x, y = where["flamenco_job_name"]  # below the Managers, which are no property of a file
    yield from choose_second_with_keys(x, y + ROW)
    yield from until(lambda: wm.flamenco_status_ping.endswith("found"))
    panel.FLAMENCO_PT_job_submission.draw = lambda self, context: None
    for kind in flamenco.job_panels.classes:
        # Blender remembers which panels are closed by their names, so this one gets another.
        own = {{name: vars(kind)[name] for name in NAMES}}
        bpy.utils.register_class(type(kind.__name__ + "_open", (bpy.types.Panel,), own))
    yield
    for name, use in (
        ("format", choose_second_with_keys),
        ("frame_step", lambda x, y: enter("4", x, y)),
        ("fps", lambda x, y: enter("12", x, y)),
        ("needs_memory", lambda x, y: enter("16", x, y)),
        ("needs_gpu", choose_second_with_keys),
        ("needs_gpu_memory", lambda x, y: enter("8", x, y)),
        ("needs_software", lambda x, y: enter("blender", x, y)),
    ):
        yield from use(*(yield from find("flamenco_" + name, 0.6)))
    yield from click(*(yield from find("flamenco_keep", 0.6)))
    yield
    needs = [scene.flamenco_needs_memory, scene.flamenco_needs_gpu]
    needs += [scene.flamenco_needs_gpu_memory, scene.flamenco_needs_software]
    others = [scene.flamenco_comment, scene.flamenco_frames_from, scene.flamenco_keep]
    output = [scene.flamenco_format, scene.flamenco_frame_step, scene.flamenco_fps]
    finish([preferences.manager_url, needs, others, output])
yield from alone(use_all)
"""
    run = play(blender, display, manager, story, blendfile)
    needs, others = [16, "any", 8, "blender"], ["kind", "MARKERS", True]
    assert run.result == [manager.url, needs, others, ["PNG", 4, 12]], run.output
