"""The add-on in a real Blender: what it shows, keeps and computes."""

import json
from pathlib import Path

import pytest

from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager
from tests.addon.scene_files import make_file

pytestmark = pytest.mark.slow

ODD_TYPE = {
    "name": "9-odd_type",
    "label": "Odd Type",
    "etag": "1",
    "settings": [
        {"key": "mode", "type": "string", "choices": ["fast", "good"], "default": "good"},
        {"key": "level", "type": "int32", "propargs": {"min": 2.0, "max": 5.0}, "default": 3.0},
        {"key": "factor", "type": "float", "eval": "settings.level / 2"},
        {"key": "half", "type": "float", "editable": False, "eval": "settings.level / 2"},
        {"key": "wrong", "type": "int32", "eval": "no_such_name"},
        {"key": "source", "type": "string", "subtype": "hashed_file_path"},
    ],
}


def ask(blender: InstalledBlender, script: str, blendfile: Path | None = None) -> object:
    run = blender.run(script, blendfile=blendfile)
    assert run.status == 0, run.output
    assert "Traceback" not in run.output, run.output
    return run.result


def test_the_version_and_identifiers_are_those_scripts_expect(blender: InstalledBlender) -> None:
    script = """
preferences = bpy.context.preferences.addons["flamenco"].preferences
wm, scene = bpy.context.window_manager, bpy.context.scene
finish({
    "url": preferences.manager_url,
    "finder": preferences.project_finder,
    "priority": scene.flamenco_job_priority,
    "paused": scene.flamenco_job_submit_as_paused,
    "type": scene.flamenco_job_type,
    "tag": scene.flamenco_worker_tag,
    "status": wm.flamenco_bat_status,
    "operators": [name for name in OPERATORS if hasattr(bpy.types, name)],
})
"""
    names = ("abort", "eval_setting", "ping_manager", "submit_job")
    operators = [*(f"FLAMENCO_OT_{name}" for name in names), "FLAMENCO3_OT_explore_file_path"]
    script = script.replace("OPERATORS", repr(operators))
    assert ask(blender, script) == {
        "url": "http://localhost:8080/",
        "finder": "BLENDER_PROJECT",
        "priority": 50,
        "paused": False,
        "type": "-",
        "tag": "-",
        "status": "IDLE",
        "operators": operators,
    }


def test_a_new_address_is_asked_at_once_and_remembered_by_the_next_blender(
    blender: InstalledBlender, manager: FakeManager
) -> None:
    script = f"""
use_manager({manager.url!r})
finish(bpy.context.window_manager.flamenco_status_ping)
"""
    assert ask(blender, script) == "Fake version 4.0.0.dev0 found"
    assert manager.agents == {"Flamenco/4.0.0.dev0 (Blender add-on)"}
    choose = """
bpy.context.scene.flamenco_job_type = "simple-blender-render"
finish(bpy.context.scene.flamenco_job_settings.chunk_size)
"""
    assert ask(blender, choose) == 1


def test_that_a_manager_keeps_files_is_told(
    blender: InstalledBlender, manager: FakeManager
) -> None:
    manager.shaman = True
    script = f"""
from flamenco.preferences import _state
use_manager({manager.url!r})
finish(_state(bpy.context))
"""
    state = ask(blender, script)
    assert isinstance(state, list)
    assert state[0] == "Fake version 4.0.0.dev0 found"
    assert state[1] == "The Manager keeps files for the next job (Shaman)"


def test_a_broken_cache_file_is_as_good_as_none(
    blender: InstalledBlender, manager: FakeManager
) -> None:
    cache = blender.resources / "config" / "flamenco-manager-info.json"
    ask(blender, f"use_manager({manager.url!r})")
    assert set(json.loads(cache.read_text())) == {
        "flamenco_version",
        "shared_storage",
        "job_types",
        "worker_tags",
    }
    cache.write_text(cache.read_text()[:100])
    script = """
preferences = bpy.context.preferences.addons["flamenco"].preferences
finish(preferences.job_storage_for_gui)
"""
    assert ask(blender, script) == "Unknown, refresh first"


def test_settings_become_properties_of_their_kind(
    blender: InstalledBlender, manager: FakeManager
) -> None:
    manager.job_types = [ODD_TYPE]
    script = f"""
use_manager({manager.url!r})
scene = bpy.context.scene
scene.flamenco_job_type = "9-odd_type"
settings = scene.flamenco_job_settings
settings.level = 99
bpy.ops.flamenco.eval_setting(setting_key="factor")
try:
    bpy.ops.flamenco.eval_setting(setting_key="wrong")
    error = ""
except RuntimeError as ex:
    error = str(ex)
properties = settings.bl_rna.properties
finish({{
    "class": type(settings).__name__,
    "mode": [settings.mode, [item.identifier for item in properties["mode"].enum_items]],
    "level": settings.level,
    "factor": settings.factor,
    "half": [settings.half, properties["half"].is_readonly],
    "source": properties["source"].subtype,
    "animatable": properties["level"].is_animatable,
    "error": error.strip(),
}})
"""
    assert ask(blender, script) == {
        "class": "Job9OddType",
        "mode": ["good", ["fast", "good"]],
        "level": 5,
        "factor": 2.5,
        "half": [2.5, True],
        "source": "FILE_PATH",
        "animatable": False,
        "error": "Error: Job setting \"wrong\": 'no_such_name' gives NameError: "
        "name 'no_such_name' is not defined",
    }


def test_a_job_type_blender_cannot_show_does_not_break_the_others(
    blender: InstalledBlender, manager: FakeManager
) -> None:
    broken = {
        "name": "broken",
        "label": "Broken",
        "etag": "1",
        "settings": [{"key": "a", "type": "int32", "propargs": {"colour": "red"}}],
    }
    manager.job_types = [*manager.job_types, broken]
    script = f"""
use_manager({manager.url!r})
scene = bpy.context.scene
scene.flamenco_job_type = "broken"
shown = hasattr(scene, "flamenco_job_settings")
scene.flamenco_job_type = "simple-blender-render"
finish([shown, scene.flamenco_job_settings.chunk_size])
"""
    assert ask(blender, script) == [False, 1]


def test_a_file_keeps_its_job_type_when_others_come_and_loses_it_when_it_goes(
    blender: InstalledBlender, manager: FakeManager, tmp_path: Path
) -> None:
    choose = f"""
use_manager({manager.url!r})
bpy.context.scene.flamenco_job_type = "simple-blender-render"
bpy.context.scene.flamenco_job_settings.chunk_size = 12
"""
    blendfile = make_file(blender, tmp_path / "shot.blend", choose)
    state = """
scene = bpy.context.scene
settings = getattr(scene, "flamenco_job_settings", None)
finish([scene.flamenco_job_type, settings and settings.chunk_size])
"""
    manager.job_types = [ODD_TYPE, *manager.job_types]
    refresh = f"use_manager({manager.url!r})" + state
    assert ask(blender, refresh, blendfile) == ["simple-blender-render", 12]
    assert ask(blender, state, blendfile) == ["simple-blender-render", 12]

    manager.job_types = [ODD_TYPE]
    run = blender.run(refresh, blendfile=blendfile)
    assert run.result == ["-", None]
    assert 'The Manager does not know the job type of scene "Shot"' in run.output


def test_choices_from_an_add_on_that_stored_their_places_are_read_as_such(
    blender: InstalledBlender, manager: FakeManager, tmp_path: Path
) -> None:
    choices = ["fast", "good", "best"]
    one = {"type": "string", "choices": choices, "default": "fast"}
    settings = [one | {"key": key} for key in ("mode", "wrong", "unset")]
    manager.job_types = [{"name": "own", "label": "Own", "etag": "1", "settings": settings}]
    earlier = f"""
use_manager({manager.url!r})
scene.flamenco_job_type = "own"
values = scene.flamenco_job_settings
values = values.bl_system_properties_get(do_create=True) if bpy.app.version >= (5, 0) else values
values["mode"], values["wrong"] = 1, 3
scene.flamenco_job_type_known = ""
"""
    blendfile = make_file(blender, tmp_path / "shot.blend", earlier)
    script = f"""
use_manager({manager.url!r})
values = bpy.context.scene.flamenco_job_settings
finish([getattr(values, key) for key in ("mode", "wrong", "unset")])
"""
    run = blender.run(script, blendfile=blendfile)
    assert run.result == ["good", "fast", "fast"], run.output
    assert '"Wrong" has none of its choices' in run.output


def test_the_job_is_called_like_the_file_until_someone_names_it(
    blender: InstalledBlender, tmp_path: Path
) -> None:
    blendfile = make_file(blender, tmp_path / "first.blend")
    script = f"""
scene = bpy.context.scene
names = [scene.flamenco_job_name]
bpy.ops.wm.save_as_mainfile(filepath={str(tmp_path / "second.blend")!r})
names.append(scene.flamenco_job_name)
scene.flamenco_job_name = "Mine"
bpy.ops.wm.save_as_mainfile(filepath={str(tmp_path / "third.blend")!r})
names.append(scene.flamenco_job_name)
finish(names)
"""
    assert ask(blender, script, blendfile) == ["first", "second", "Mine"]


def test_it_can_be_disabled_and_enabled_again(
    blender: InstalledBlender, manager: FakeManager
) -> None:
    script = f"""
use_manager({manager.url!r})
bpy.context.scene.flamenco_job_type = "simple-blender-render"
bpy.ops.preferences.addon_disable(module="flamenco")
left = [name for name in dir(bpy.types.Scene) if name.startswith("flamenco")]
left += [name for name in dir(bpy.types.WindowManager) if name.startswith("flamenco")]
bpy.ops.preferences.addon_enable(module="flamenco")
scene = bpy.context.scene
scene.flamenco_job_type = "simple-blender-render"
finish([left, scene.flamenco_job_settings.chunk_size])
"""
    assert ask(blender, script) == [[], 1]


@pytest.mark.parametrize("url", ["", "ftp://manager/", "http://[bad/", "http://manager:port/"])
def test_a_useless_address_is_answered_with_advice(blender: InstalledBlender, url: str) -> None:
    run = blender.run(f"use_manager({url!r})\nfinish(1)")
    assert "Manager cannot be reached" in run.output
    assert "Traceback" not in run.output
    assert run.result == 1
