"""Runs of scripts in `worker.in_blender`, for commands that need more than Blender's options."""

import json
from pathlib import Path

import attrs

from worker.command import Task
from worker.commands.blender_render import LOOK, BlenderRender, attempt, check_folder, python
from worker.process import Surroundings
from worker.sayings import OnMissing
from worker.watching import Watch

FOLDER = Path(__file__).parents[1] / "in_blender"


@attrs.frozen(kw_only=True)
class ScriptInBlender(Surroundings):
    """Common parameters of these commands; the script gets all parameters as JSON."""

    exe: str
    blendfile: str
    frame: int
    output: str
    """Path of the file to write, with its extension."""
    exeArgs: str = ""  # noqa: N815 - names are those of the job types
    scene: str = ""
    percentage: int = 100
    """Percentage of the scene's resolution."""
    denoise: bool = False
    onMissing: OnMissing = ""  # noqa: N815

    def blender(self, script: str) -> BlenderRender:
        """The run of Blender that opens the file and then runs a script."""
        chosen = ["--scene", self.scene] if self.scene else []
        options = python(LOOK, FOLDER / script)
        return BlenderRender(
            exe=self.exe,
            exeArgs=self.exeArgs,
            blendfile=self.blendfile,
            args=(*chosen, *options, "--", json.dumps(attrs.asdict(self))),
            onMissing=self.onMissing,
            env=self.env,
            cwd=self.cwd,
        )


async def run_script(
    script: str, parameters: ScriptInBlender, task: Task, *, shows: bool = True
) -> None:
    """Run a script of ours in Blender to its end; raises what `run_watched` does."""
    await check_folder(parameters.blendfile)
    blender = parameters.blender(script)
    watch = Watch(
        task, blender.renders_with, shows=shows, on_missing=blender.onMissing, has_script=True
    )
    await attempt(blender, watch)
