"""Scripts that submit the open file."""

from pathlib import Path

from tests.addon.blender import InstalledBlender, Run
from tests.addon.fake_manager import FakeManager

# `tried` gives what the operator returned, or the text of its error.
_CHOOSE = """
use_manager({url!r})
bpy.ops.flamenco.ping_manager()
scene = bpy.context.scene
scene.flamenco_job_type = "simple-blender-render"
settings = scene.flamenco_job_settings
settings.render_output_root = {root!r}

def tried(**arguments):
    try:
        return sorted(bpy.ops.flamenco.submit_job(**arguments))
    except RuntimeError as ex:
        return str(ex)

"""


def in_blender(
    blender: InstalledBlender, manager: FakeManager, script: str, blendfile: Path | None
) -> Run:
    """Run a script with the file open, the Manager known and the job type chosen."""
    run = blender.run(
        _CHOOSE.format(url=manager.url, root=str(manager.storage / "renders")) + script,
        blendfile=blendfile,
    )
    assert run.status == 0, run.output
    assert "Traceback" not in run.output, run.output
    return run
