"""Jobs that are compiled and then really run, task by task, with the Worker's commands."""

import subprocess
from pathlib import Path

import attrs

from flamenco.jobtypes import inline_compiler, validate_settings
from flamenco.model.jobs import AuthoredTask, CompiledJob
from tests.worker.commands.shop import Bench, program

VARIABLES = {
    "{blender}": "blender",
    "{blenderArgs}": "-b -y --factory-startup",
    "{ffmpeg}": "ffmpeg",
}

RENDER = {
    "frames": "1-4",
    "render_output_root": "/render/out",
    "render_output_path": "/render/out/My Job/{timestamp}/######",
    "blendfile": "/render/scene.flamenco.blend",
    "fps": 24.0,
    "format": "PNG",
    "image_file_extension": ".png",
    "has_previews": False,
    "scene": "Scene",
    "add_path_components": 0,
    "chunk_size": 2,
}
"""Settings of `simple-blender-render` as the add-on sends them."""

SMALL = """
import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = 4
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 61, 37
"""
"""A scene of Cycles, tiny and with odd sizes."""

GLOW = """
if hasattr(scene, "compositing_node_group"):
    tree = scene.compositing_node_group = bpy.data.node_groups.new("tree", "CompositorNodeTree")
else:
    scene.use_nodes = True
    tree = scene.node_tree
layers = tree.nodes.new("CompositorNodeRLayers")
node = tree.nodes.new("CompositorNodeOutputFile")
if hasattr(node, "directory"):
    node.directory, node.file_name, node.format.media_type = "//passes/", "my_", "IMAGE"
    node.file_output_items.new("RGBA", "glow")
else:
    node.base_path, node.file_slots[0].path = "//passes/", "my_glow"
node.format.file_format = "PNG"
tree.links.new(layers.outputs["Image"], node.inputs[0])
"""
"""A File Output node, as a new one is in each version."""


def make_scene(path: Path, more: str = "") -> Path:
    """A .blend file of the default cube, as `SMALL` and ``more`` set it up."""
    save = f"bpy.ops.wm.save_as_mainfile(filepath={str(path)!r})"
    options = ["-b", "--factory-startup", "--python-exit-code", "1"]
    script = f"{SMALL}\n{more}\n{save}"
    subprocess.run(
        [program("blender"), *options, "--python-expr", script], check=True, capture_output=True
    )
    return path


def make_strip(sound: Path, frame: int) -> str:
    """Code that puts a sound into the sequencer of a scene, from a frame on."""
    return f"""
editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
strip = strips.new_sound("tone", {str(sound)!r}, 1, {frame})
"""


async def compiled(job, type_: str, **settings) -> CompiledJob:
    """A job of a built-in type, its settings checked."""
    compiler = inline_compiler()
    job_type = await compiler.job_type(type_)
    return await compiler.compile(job(type_, **validate_settings(job_type, settings)))


@attrs.frozen
class Ran:
    """The outcome of a job's tasks, by name."""

    tasks: dict[str, Bench]

    @property
    def images(self) -> list[str]:
        """The images it would show on its page, in order."""
        return [image for bench in self.tasks.values() for image in bench.images]


async def run_tasks(job: CompiledJob, *, before: str = "") -> Ran:
    """Run the tasks in order, all or those before one; each must count the steps it announces."""
    done: dict[str, Bench] = {}
    for place, task in enumerate(job.tasks):
        assert all(other < place for other in task.depends_on)
        if task.name == before:
            break
        done[task.name] = await run_task(task)
    return Ran(done)


async def run_task(task: AuthoredTask, bench: Bench | None = None) -> Bench:
    """Run the commands of one task."""
    bench = bench or Bench()
    for command in task.commands:
        steps = bench.steps
        bench.steps_left = command.total_step_count
        await bench.run(command.name, **_replaced(command.parameters))
        assert bench.steps - steps >= command.total_step_count
    return bench


def _replaced(value):
    """A parameter, with what its variables stand for."""
    match value:
        case dict():
            return {name: _replaced(each) for name, each in value.items()}
        case list() | tuple():
            return [_replaced(each) for each in value]
        case str():
            for name, text in VARIABLES.items():
                value = value.replace(name, text)
    return value
