"""Script that renders a part of an image, a tile or samples, to a multilayer OpenEXR file.

All passes are kept in full precision. Compositing waits for the whole image.
"""

import json
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[2]))
from worker.in_blender.saving import save_one

sys.path.pop()


def require_denoiser() -> None:
    """End Blender if it could not denoise the whole image later."""
    import _cycles  # only there where Cycles is

    if not _cycles.with_openimagedenoise:
        sentence = "Blender on this Worker is built without OpenImageDenoise"
        print(f"flamenco: missing-plugin: {sentence}", flush=True)
        sys.exit(1)


def choose_tile(render: Any, tile: "dict[str, int]") -> None:
    """Render only one tile of a grid. Edges are a quarter pixel inside, to survive rounding."""
    width = render.resolution_x * render.resolution_percentage // 100
    height = render.resolution_y * render.resolution_percentage // 100
    column, columns, row, rows = (tile[name] for name in ("column", "columns", "row", "rows"))
    left, right = width * column // columns, width * (column + 1) // columns
    top, bottom = height * row // rows, height * (row + 1) // rows
    if left == right or top == bottom:
        raise SystemExit(f"Error: {columns} x {rows} tiles are too many for {width} x {height}")
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_x = (left + 0.25) / width, (right + 0.25) / width
    render.border_min_y = (height - bottom + 0.25) / height
    render.border_max_y = (height - top + 0.25) / height


def choose_samples(cycles: Any, first: int, count: int, total: int) -> None:
    """Render only a range of the samples, so that no two ranges have the same noise."""
    cycles.use_adaptive_sampling = False
    cycles.use_layer_samples = "IGNORE"
    cycles.time_limit = 0.0
    cycles.samples = count
    if hasattr(cycles, "use_sample_subset"):  # since 4.5
        cycles.samples, cycles.use_sample_subset = total, True
        cycles.sample_offset, cycles.sample_subset_length = first, count
    elif hasattr(cycles, "sample_offset"):  # since 3.1
        cycles.sample_offset = first
    else:
        cycles.seed = (cycles.seed + first) % 2**31


def set_format(render: Any) -> None:
    """Store all passes, as floats, in one file."""
    settings = render.image_settings
    if hasattr(settings, "media_type"):  # since 5.0
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.color_depth, settings.exr_codec = "32", "ZIP"
    settings.use_preview = False
    if hasattr(settings, "use_exr_interleave"):  # since 5.0: else there is a part for each pass
        settings.use_exr_interleave = True
    if hasattr(settings, "color_management"):
        settings.color_management = "FOLLOW_SCENE"


def prepare(scene: Any, part: "dict[str, Any]") -> None:
    """Set up the scene for one part."""
    render = scene.render
    render.resolution_percentage = part["percentage"]
    render.use_border = render.use_compositing = render.use_sequencer = render.use_stamp = False
    render.use_overwrite, render.use_placeholder = True, False
    set_format(render)
    if part["tile"]:
        choose_tile(render, part["tile"])
    if render.engine != "CYCLES":
        return
    scene.cycles.use_denoising = False
    if part["samples"]:
        scene.cycles.samples = part["samples"]
    if part["range"]:
        choose_samples(
            scene.cycles, part["range"]["first"], part["range"]["count"], part["samples"]
        )
    if part["denoise"]:
        require_denoiser()
        for layer in scene.view_layers:
            layer.cycles.denoising_store_passes = True


def main(part: "dict[str, Any]") -> None:
    """Render the part. Raises SystemExit if no file is written."""
    scene = bpy.context.scene
    scene.frame_set(part["frame"])
    prepare(scene, part)
    save_one(scene.render, part["frame"], Path(part["output"]))


main(json.loads(sys.argv[-1]))
