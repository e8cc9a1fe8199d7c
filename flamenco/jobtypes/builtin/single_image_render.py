"""Job type: one image rendered by many workers as tiles or ranges of samples, then joined."""

from itertools import pairwise
from typing import Any

import attrs

from flamenco.jobtypes.authoring import (
    Author,
    EvalInfo,
    JobToCompile,
    JobType,
    Setting,
    TaskDraft,
    fill_output_path,
    output_settings,
    path,
)
from flamenco.jobtypes.builtin.simple_blender_render import ON_MISSING
from flamenco.model.frames import MOST_FRAME

EXTENSIONS = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "TIFF": ".tif",
    "OPEN_EXR": ".exr",
    "OPEN_EXR_MULTILAYER": ".exr",
}
"""{format that the image can have: extension}."""

JOB_TYPE = JobType(
    label="Single Image Render",
    description="render one image on many workers",
    settings=[
        Setting(
            "frame",
            "int32",
            required=True,
            default=1,
            propargs={"min": 0, "max": MOST_FRAME},
            eval="C.scene.frame_current",
            eval_info=EvalInfo(show_link_button=True, description="Current frame"),
            description="Frame to render",
        ),
        Setting(
            "mode",
            "string",
            choices=("tiles", "samples"),
            default="tiles",
            description="Part for each worker: a tile with all samples, or the whole image "
            "with some of the samples (Cycles only)",
        ),
        Setting(
            "tiles_x",
            "int32",
            label="Tiles Across",
            default=4,
            propargs={"min": 1, "max": 32},
            visible="submission",
            description="Tiles side by side, in mode tiles",
        ),
        Setting(
            "tiles_y",
            "int32",
            label="Tiles Down",
            default=4,
            propargs={"min": 1, "max": 32},
            visible="submission",
            description="Rows of tiles, in mode tiles",
        ),
        Setting(
            "parts",
            "int32",
            label="Sample Ranges",
            default=8,
            propargs={"min": 1, "max": 128},
            visible="submission",
            description="Parts into which the samples are divided, in mode samples",
        ),
        Setting(
            "samples",
            "int32",
            default=128,
            propargs={"min": 1, "max": 1 << 24},
            eval="C.scene.cycles.samples if C.scene.render.engine == 'CYCLES' else 1",
            eval_info=EvalInfo(show_link_button=True, description="Samples of the scene"),
            description="Samples of each pixel, all workers together (Cycles only)",
        ),
        Setting(
            "resolution_percentage",
            "int32",
            default=100,
            propargs={"min": 1, "max": 1000, "subtype": "PERCENTAGE"},
            eval="C.scene.render.resolution_percentage",
            eval_info=EvalInfo(show_link_button=True, description="Percentage of the scene"),
            description="Size of the image, in percent of the scene's resolution",
        ),
        Setting(
            "denoise",
            "bool",
            default=False,
            eval="C.scene.render.engine == 'CYCLES' and C.scene.cycles.use_denoising",
            eval_info=EvalInfo(show_link_button=True, description="As the scene says"),
            description="Denoise the whole image, with OpenImageDenoise",
        ),
        Setting(
            "format",
            "string",
            choices=tuple(EXTENSIONS),
            default="PNG",
            eval="C.scene.render.image_settings.file_format "
            f"if C.scene.render.image_settings.file_format in {tuple(EXTENSIONS)} else 'PNG'",
            eval_info=EvalInfo(show_link_button=True, description="Format of the scene, or PNG"),
            description="Format of the image; OPEN_EXR_MULTILAYER has all passes as they were "
            "rendered, before compositing and denoising",
        ),
        *output_settings("image"),
        Setting(
            "blendfile",
            "string",
            required=True,
            visible="web",
            description="The .blend file to render",
        ),
        Setting(
            "scene",
            "string",
            required=True,
            eval="C.scene.name",
            visible="web",
            description="Name of the scene to render",
        ),
        Setting("engine", "string", eval="C.scene.render.engine", visible="hidden"),
        Setting("resolution_x", "int32", eval="C.scene.render.resolution_x", visible="hidden"),
        Setting("resolution_y", "int32", eval="C.scene.render.resolution_y", visible="hidden"),
        ON_MISSING,
        Setting("stereo", "bool", eval="C.scene.render.use_multiview", visible="hidden"),
    ],
)


@attrs.frozen
class Files:
    """Paths of a job's files."""

    image: str
    """The finished image."""
    folder: str
    """The folder of the parts, which belongs to the job and is removed at its end."""

    def part(self, name: str) -> str:
        """The file of a part."""
        return path.join(self.folder, f"{name}.exr")


def compile_job(job: JobToCompile, author: Author) -> None:
    """A task for each part, one that joins them, and one that removes the parts."""
    settings = job.settings
    check(settings)
    files = files_of(job)
    divide = {"tiles": divide_into_tiles, "samples": divide_into_samples}[settings["mode"]]
    parts = divide(settings)
    tasks = [part_task(author, settings, files, name, part) for name, part in parts.items()]
    paths = [files.part(name) for name in parts]
    finished = finishing_task(author, settings, files, paths, how_to_join(settings, parts))
    finished.after(*tasks)
    clean_up = author.task("clean-up", "file-management", after=[finished])
    removed = [*paths, *([] if is_multilayer(settings) else [files.part("whole")])]
    clean_up.command("remove-files", {"files": removed, "folder": files.folder})


def check(settings: dict[str, Any]) -> None:
    """Raises ValueError for settings that cannot be rendered in parts."""
    if settings.get("stereo"):
        raise ValueError("expected an image for one eye: stereoscopic ones can't be divided")
    if settings["mode"] == "samples":
        if settings.get("engine") not in (None, "", "CYCLES"):
            raise ValueError(
                f"mode samples: expected a scene of Cycles, got {settings['engine']}; choose tiles"
            )
        if settings["parts"] > settings["samples"]:
            raise ValueError(
                f"parts: expected {settings['samples']} at most, the samples, "
                f"got {settings['parts']}"
            )
        return
    for axis in "xy":
        pixels = (
            (settings.get(f"resolution_{axis}") or 0) * settings["resolution_percentage"] // 100
        )
        if pixels and settings[f"tiles_{axis}"] > pixels:
            raise ValueError(f"tiles_{axis}: expected {pixels} at most, the pixels of the image")


def files_of(job: JobToCompile) -> Files:
    """The paths of the files."""
    settings = job.settings
    output = fill_output_path(job)
    frame = f"{settings['frame']:06}"
    name = path.basename(output).replace("######", frame) + EXTENSIONS[settings["format"]]
    folder = path.dirname(output)
    return Files(path.join(folder, name), path.join(folder, f".parts-{job.id}"))


def divide_into_tiles(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Tiles by the names of their tasks, row by row from the top left."""
    columns, rows = settings["tiles_x"], settings["tiles_y"]
    return {
        f"tile-{row + 1}-{column + 1}": {
            "tile": {"column": column, "columns": columns, "row": row, "rows": rows}
        }
        for row in range(rows)
        for column in range(columns)
    }


def divide_into_samples(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Ranges of samples by the names of their tasks; their sizes differ by at most one."""
    samples, parts = settings["samples"], settings["parts"]
    edges = [samples * part // parts for part in range(parts + 1)]
    return {
        f"samples-{first + 1}-{end}": {"range": {"first": first, "count": end - first}}
        for first, end in pairwise(edges)
    }


def how_to_join(settings: dict[str, Any], parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Parameters that tell how the parts belong together."""
    if settings["mode"] == "tiles":
        return {"columns": settings["tiles_x"]}
    return {"samples": [part["range"]["count"] for part in parts.values()]}


def is_multilayer(settings: dict[str, Any]) -> bool:
    """True if the joined parts are the finished image, without another pass in Blender."""
    return bool(settings["format"] == "OPEN_EXR_MULTILAYER")


def in_blender(settings: dict[str, Any]) -> dict[str, Any]:
    """Parameters of all commands that open the file."""
    return {
        "exe": "{blender}",
        "exeArgs": "{blenderArgs}",
        "blendfile": settings["blendfile"],
        "scene": settings["scene"],
        "frame": settings["frame"],
        "percentage": settings["resolution_percentage"],
        "denoise": settings["denoise"],
        "onMissing": settings.get("on_missing", ""),
    }


def part_task(
    author: Author, settings: dict[str, Any], files: Files, name: str, part: dict[str, Any]
) -> TaskDraft:
    """The task that renders one part."""
    task = author.task(f"render-{name}", "blender")
    more = {"samples": settings["samples"], "output": files.part(name), **part}
    task.command("render-image-part", {**in_blender(settings), **more})
    return task


def finishing_task(
    author: Author,
    settings: dict[str, Any],
    files: Files,
    parts: list[str],
    how: dict[str, Any],
) -> TaskDraft:
    """The task that makes the image from the parts."""
    task = author.task("finish-image", "blender")
    whole = files.image if is_multilayer(settings) else files.part("whole")
    joined = {"parts": parts, "output": whole, "frame": settings["frame"], **how}
    task.command("join-image-parts", joined)
    if not is_multilayer(settings):
        more = {"source": whole, "output": files.image, "format": settings["format"]}
        task.command("finish-image", {**in_blender(settings), **more})
    return task
