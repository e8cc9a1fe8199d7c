"""A job type, or a worker tag, that is another one when the file is opened again."""

from pathlib import Path
from typing import Any

import pytest

from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager
from tests.addon.job_type import SIMPLE_BLENDER_RENDER
from tests.addon.scene_files import make_file
from tests.addon.submitting import in_blender

pytestmark = pytest.mark.slow

GPU = "b1c0e4e2-5b68-4f0d-8f2b-7e9f8a4c3d21"


class TestAJobTypeThatChanged:
    """It is told what has changed before anything is sent, and what still fits is kept."""

    SETTINGS = (
        {"key": "count", "type": "int32", "default": 1},
        {"key": "level", "type": "int32", "default": 1},
        {"key": "mode", "type": "string", "choices": ["fast", "good"], "default": "fast"},
        {"key": "gone", "type": "bool"},
    )
    NOW = (
        {"key": "count", "type": "string", "default": "ninety"},
        {"key": "level", "type": "int32", "default": 1},
        {"key": "mode", "type": "string", "choices": ["best", "fast", "good"], "default": "fast"},
        {"key": "added", "type": "int32", "default": 4},
    )

    def described(self, etag: str, settings: tuple[dict[str, Any], ...]) -> dict[str, Any]:
        return {"name": "own", "label": "Own", "etag": etag, "settings": list(settings)}

    @pytest.mark.parametrize(
        ("now", "warned"),
        [
            ([SETTINGS[0] | {"description": "Number of frames"}, *SETTINGS[1:]], False),
            ([*SETTINGS, NOW[3]], True),
        ],
    )
    def test_does_not_stop_a_script_that_could_never_save_it_if_all_values_fit(
        self,
        blender: InstalledBlender,
        manager: FakeManager,
        storage: Path,
        now: tuple[dict[str, Any], ...],
        warned: bool,
    ) -> None:
        manager.job_types = [SIMPLE_BLENDER_RENDER, self.described("1", self.SETTINGS)]
        blendfile = make_file(blender, storage / "shot.blend")
        keep = """
bpy.ops.wm.save_userpref()
scene.flamenco_job_type = "own"
scene.flamenco_job_settings.level = 7
bpy.ops.wm.save_mainfile()
"""
        in_blender(blender, manager, keep, blendfile)
        manager.job_types = [self.described("2", now)]
        run = blender.run("finish(sorted(bpy.ops.flamenco.submit_job()))", blendfile=blendfile)
        assert run.result == ["FINISHED"], run.output
        assert manager.submitted[0]["settings"]["level"] == 7
        assert ('has changed at the Manager: "Added" is new' in run.output) is warned

    def test_is_sent_the_second_time_also_when_another_blender_knew_it(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        manager.job_types = [SIMPLE_BLENDER_RENDER, self.described("1", self.SETTINGS)]
        blendfile = make_file(blender, storage / "shot.blend")
        set_values = """
bpy.ops.wm.save_userpref()
scene.flamenco_job_type = "own"
settings = scene.flamenco_job_settings
settings.count, settings.level, settings.mode = 90, 7, "good"
bpy.ops.wm.save_mainfile()
"""
        in_blender(blender, manager, set_values, blendfile)
        manager.job_types = [self.described("2", self.NOW)]
        script = """
def tried():
    try:
        return sorted(bpy.ops.flamenco.submit_job())
    except RuntimeError as ex:
        return str(ex)

finish([tried(), tried()])
"""
        run = blender.run(script, blendfile=blendfile)

        refused, sent = run.result
        assert 'Job type "Own" has changed at the Manager: "Added" is new; "Gone" is gone; ' in (
            refused
        )
        assert '"Count" takes text instead of a whole number' in refused
        assert sent == ["FINISHED"]
        (job,) = manager.submitted
        kept = {"count": "ninety", "level": 7, "mode": "good", "added": 4}
        assert job["settings"] == kept

    def test_or_a_tag_that_is_gone_is_refused_until_another_is_chosen(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        manager.tags = [{"id": GPU, "name": "GPU"}]
        blendfile = make_file(blender, storage / "shot.blend")
        script = f"""
scene.flamenco_worker_tag = {GPU!r}
bpy.ops.wm.save_mainfile()
"""
        in_blender(blender, manager, script, blendfile)
        manager.tags = []
        script = """
first = tried()
scene.flamenco_worker_tag = "-"
finish([first, tried()])
"""
        run = in_blender(blender, manager, script, blendfile)
        refused, sent = run.result
        assert 'The worker tag of scene "Shot" is gone at the Manager' in refused
        assert sent == ["FINISHED"]
        assert len(manager.submitted) == 1
