"""Something for Blender to render."""

import subprocess
from pathlib import Path

from tests.programs import need

SCENE = """
import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", {samples}, False
scene.render.resolution_x, scene.render.resolution_y = 96, 54
scene.render.resolution_percentage = 100
scene.render.threads_mode, scene.render.threads = "FIXED", 1
bpy.ops.wm.save_as_mainfile(filepath={file!r})
"""


def save_scene(file: Path, samples: int) -> Path:
    """A .blend file whose frames take about ``samples`` milliseconds."""
    code = SCENE.format(file=str(file), samples=samples)
    flags = ["-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", code]
    subprocess.run([need("blender"), *flags], check=True, capture_output=True)
    return file


def render(scene: Path, folder: Path, frames: str) -> dict[str, object]:
    """The parameters of a command that renders some frames, such as ``1..3``, as PNG."""
    output = ["--render-output", f"{folder}/######", "--render-format", "PNG"]
    return {
        "exe": "blender",
        "exeArgs": "-b -y --factory-startup",
        "blendfile": str(scene),
        "args": [*output, "--render-frame", frames],
    }
