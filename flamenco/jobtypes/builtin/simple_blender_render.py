"""Job type: frames by Blender, then a preview video by FFmpeg (reference job-types §4)."""

from collections.abc import Iterator
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
    frame_chunker,
    frame_count,
    frame_numbers,
    output_settings,
    path,
)
from flamenco.jobtypes.scenes import SCENES, Part, parts_of
from flamenco.jobtypes.videos import video_parameters
from flamenco.model.frames import MOST_FRAME, frame_limits, frame_runs, least_count

ON_MISSING = Setting(
    "on_missing",
    "string",
    choices=("default", "warn", "fail"),
    default="default",
    visible="submission",
    description="Consequence of missing files; default: a missing library fails the task, "
    "a missing texture or other file is a warning",
)

VIEW_LAYER = Setting(
    "view_layer",
    "string",
    visible="submission",
    description="Name of the only view layer to render; empty: all that the scene renders",
)

MOST_PERCENT = 32767
"""Blender's own limit of a size in percent."""

APPEARANCE = (
    Setting(
        "resolution_percentage",
        "int32",
        propargs={"min": 1, "max": MOST_PERCENT, "subtype": "PERCENTAGE"},
        visible="submission",
        eval="C.scene.render.resolution_percentage",
        eval_info=EvalInfo(show_link_button=True, description="Percentage of the scene"),
        description="Size of the frames, in percent of the scene's resolution",
    ),
    Setting(
        "samples",
        "int32",
        propargs={"min": 1, "max": 1 << 24},
        visible="submission",
        eval="C.scene.cycles.samples if C.scene.render.engine == 'CYCLES' else 1",
        eval_info=EvalInfo(show_link_button=True, description="Samples of the scene"),
        description="Samples of each pixel (Cycles only)",
    ),
    Setting(
        "color_depth",
        "string",
        choices=("8", "10", "12", "16", "32"),
        visible="submission",
        eval="C.scene.render.image_settings.color_depth",
        eval_info=EvalInfo(show_link_button=True, description="Color depth of the scene"),
        description="Bits of each channel, where the format leaves a choice",
    ),
)
"""Settings for what frames look like; without a value, the .blend file says it."""

DEPTHS = {
    "PNG": {"8", "16"},
    "TIFF": {"8", "16"},
    "OPEN_EXR": {"16", "32"},
    "OPEN_EXR_MULTILAYER": {"16", "32"},
    "JPEG2000": {"8", "12", "16"},
    "DPX": {"8", "10", "12", "16"},
}
"""Bits of a channel in the formats that leave a choice."""

JOB_TYPE = JobType(
    label="Simple Blender Render",
    description="render frames + preview video",
    settings=[
        Setting(
            "frames",
            "string",
            required=True,
            eval="f'{C.scene.frame_start}-{C.scene.frame_end}' "
            "+ (f'x{C.scene.frame_step}' if C.scene.frame_step > 1 else '')",
            eval_info=EvalInfo(show_link_button=True, description="Scene frame range"),
            description="Frames to render, such as '1-10, 15, 20..30, 40-60x5'",
        ),
        Setting(
            "chunk_size",
            "int32",
            default=1,
            visible="submission",
            description="Number of frames in one task",
        ),
        *output_settings("frames"),
        Setting(
            "blendfile",
            "string",
            required=True,
            visible="web",
            description="The .blend file to render",
        ),
        Setting(
            "fps",
            "float",
            eval="C.scene.render.fps / C.scene.render.fps_base",
            propargs={"min": 0.001},
            visible="hidden",
        ),
        Setting(
            "format",
            "string",
            required=True,
            eval="C.scene.render.image_settings.file_format",
            visible="web",
        ),
        Setting(
            "image_file_extension",
            "string",
            required=True,
            eval="C.scene.render.file_extension",
            visible="hidden",
            description="Extension of the frames' files",
        ),
        *APPEARANCE,
        Setting(
            "has_previews",
            "bool",
            eval="C.scene.render.image_settings.use_preview",
            visible="hidden",
            description="Whether Blender writes a JPEG beside each frame",
        ),
        Setting(
            "has_sound",
            "bool",
            eval="any(each.type == 'SOUND' and not each.mute for each in "
            "getattr(C.scene.sequence_editor, 'strips_all', "
            "getattr(C.scene.sequence_editor, 'sequences_all', ())))",
            visible="hidden",
            description="Whether the sequencer has sound for the video",
        ),
        Setting(
            "scene",
            "string",
            required=True,
            eval="C.scene.name",
            visible="web",
            description="Name of the scene to render",
        ),
        VIEW_LAYER,
        SCENES,
        ON_MISSING,
    ],
)

EXTENSIONS = {
    "BMP": ".bmp",
    "CINEON": ".cin",
    "DPX": ".dpx",
    "HDR": ".hdr",
    "JPEG": ".jpg",
    "JPEG2000": ".jp2",
    "OPEN_EXR": ".exr",
    "OPEN_EXR_MULTILAYER": ".exr",
    "PNG": ".png",
    "TARGA": ".tga",
    "TARGA_RAW": ".tga",
    "TIFF": ".tif",
    "WEBP": ".webp",
}
"""{format: extension that Blender gives to its files}; a setting may tell another format's."""

VIDEO_FORMATS = {"FFMPEG", "AVI_RAW", "AVI_JPEG"}
FORMATS_WITH_PREVIEWS = {"EXR", "MULTILAYER", "OPEN_EXR", "OPEN_EXR_MULTILAYER"}
"""Formats beside which Blender writes previews, which look as the scene's colour management says.
"""

OUTPUT_OVERRIDES = (
    "import bpy; render = bpy.context.scene.render; "
    "render.use_file_extension = True; "
    "render.use_overwrite = False; "
    "render.use_placeholder = False"
)
"""Code that makes frames go where the other tasks look for them, whatever the file says."""

DEPTH = "import bpy; bpy.context.scene.render.image_settings.color_depth = {!r}"

NEGATIVE = """import bpy
scene = bpy.context.scene
output = scene.render.filepath
for frame in {}:
    scene.frame_set(frame)
    scene.render.filepath = output
    scene.render.filepath = scene.render.frame_path(frame=frame)
    bpy.ops.render.render(write_still=True)
"""

SOUND = """import bpy
scene = bpy.context.scene
scene.frame_start, scene.frame_end = {}, {}
file = bpy.path.abspath(scene.render.filepath)
try:
    bpy.ops.sound.mixdown(filepath=file, check_existing=False, container="FLAC", codec="FLAC")
except RuntimeError as error:
    print(error)
"""

MOST_TASKS = 250_000


def compile_job(job: JobToCompile, author: Author) -> None:
    """A task for each chunk of frames, then one for the video; the same for each scene."""
    render_frames(job, author, parts_of(JOB_TYPE, job.settings))


def render_frames(job: JobToCompile, author: Author, parts: list[Part], **parameters: Any) -> None:
    """Write the tasks; ``parameters`` are extra ones for the command that renders."""
    for part in parts:
        check(part.settings)
    output = fill_output_path(job)
    for part in parts:
        before = len(author.tasks)
        if not part.name:
            render_part(author, part.settings, parameters)
            continue
        folder = path.join(path.dirname(output), part.name)
        part.settings["render_output_path"] = path.join(folder, path.basename(output))
        render_part(author, part.settings, {**parameters, "output": part.name})
        for task in author.tasks[before:]:
            task.name = f"{part.name}: {task.name}"


def check(settings: dict[str, Any]) -> None:
    """Raises ValueError for what cannot be rendered; lets the extension be that of the format."""
    if settings["format"] in VIDEO_FORMATS:
        raise ValueError(
            f"expected an image format, got {settings['format']}: "
            "Flamenco renders images; choose one in the output properties"
        )
    if settings.get("fps") == 0:
        raise ValueError("fps: expected more than 0, or none for no video, got 0")
    check_frames(settings["frames"], settings["chunk_size"])
    if settings["format"] in EXTENSIONS:
        settings["image_file_extension"] = EXTENSIONS[settings["format"]]


def render_part(author: Author, settings: dict[str, Any], parameters: dict[str, Any]) -> None:
    """Write the tasks of one scene."""
    render_tasks = [
        render_task(author, settings, chunk, parameters)
        for chunk in frame_chunker(settings["frames"], settings["chunk_size"])
    ]
    video_task(author, settings, render_tasks)


def check_frames(frames: str, chunk_size: int) -> None:
    """Raises ValueError for more than the farm, or Blender, can take."""
    for frame in frame_limits(frames):
        if abs(frame) > MOST_FRAME:
            raise ValueError(f"frames: expected -{MOST_FRAME} to {MOST_FRAME}, got {frame}")
    most = MOST_TASKS * chunk_size
    count = least_count(frames)
    if count <= most:
        count = frame_count(frames)
    if count > most > 0:
        needed = -(-count // MOST_TASKS)
        raise ValueError(
            f"frames: expected {MOST_TASKS} tasks at most, got {count} frames in chunks of "
            f"{chunk_size}; set chunk_size to {needed} or more"
        )


def size_samples_and_layer(settings: dict[str, Any]) -> Iterator[str]:
    """Code for size, samples and view layer, as far as the job has its own."""
    if layer := settings.get("view_layer"):
        yield f"for layer in bpy.context.scene.view_layers: layer.use = layer.name == {layer!r}"
    if percentage := settings.get("resolution_percentage"):
        yield f"render.resolution_percentage = {percentage}"
    if samples := settings.get("samples"):
        yield f"if render.engine == 'CYCLES': bpy.context.scene.cycles.samples = {samples}"


def depth_option(settings: dict[str, Any]) -> list[str]:
    """Blender's option for the job's color depth, after the one for its format.

    Raises ValueError for a depth that the format does not have.
    """
    depth, choices = settings.get("color_depth"), DEPTHS.get(settings["format"])
    if not depth or choices is None:
        return []
    if depth not in choices:
        expected = ", ".join(sorted(choices, key=int))
        raise ValueError(f"color_depth: expected {expected} for {settings['format']}, got {depth}")
    return ["--python-expr", DEPTH.format(depth)]


def frame_option(chunk: str) -> list[str]:
    """Blender's option for a chunk; in its own one, a negative number counts from the end."""
    if frame_runs(chunk)[0][0] < 0:
        return ["--python-expr", NEGATIVE.format([*frame_numbers(chunk)])]
    return ["--render-frame", chunk.replace("-", "..")]


def render_task(
    author: Author, settings: dict[str, Any], chunk: str, more: dict[str, Any]
) -> TaskDraft:
    """The task that renders one chunk of frames."""
    output = settings["render_output_path"]
    task = author.task(f"render-{chunk}", "blender")
    scene = ["--scene", settings["scene"]] if settings.get("scene") else []
    parameters = {
        "exe": "{blender}",
        "exeArgs": "{blenderArgs}",
        "argsBefore": [],
        "blendfile": settings["blendfile"],
        "args": [
            *scene,
            "--python-expr",
            "\n".join([OUTPUT_OVERRIDES, *size_samples_and_layer(settings)]),
            "--render-output",
            path.join(path.dirname(output), path.basename(output)),
            *(["--render-format", settings["format"]] if settings["format"] else []),
            *depth_option(settings),
            *frame_option(chunk),
        ],
        "frames": chunk,
        "onMissing": settings.get("on_missing", ""),
        **more,
    }
    task.command("blender-render", parameters, steps=frame_count(chunk))
    return task


def video_task(author: Author, settings: dict[str, Any], render_tasks: list[TaskDraft]) -> None:
    """The task that makes a video of the frames, after one that saves the sound if there is any."""
    has_previews = settings["format"] in FORMATS_WITH_PREVIEWS and settings.get("has_previews")
    extension = ".jpg" if has_previews else settings["image_file_extension"]
    if not settings.get("fps") or not extension:
        return
    output, frames = settings["render_output_path"], settings["frames"]
    folder = path.dirname(output)
    stem = path.stem(settings["blendfile"]).replace(".flamenco", "")
    name = path.join(folder, f"{stem}-{file_name_of(frames)}")
    sound = sound_task(author, settings, f"{name}.flac")
    task = author.task("preview-video", "ffmpeg", after=[*render_tasks, *sound.tasks])
    parameters = {
        "exe": "ffmpeg",
        "inputGlob": path.join(folder, f"*{extension}"),
        "outputFile": f"{name}.mp4",
        **video_parameters(settings["fps"], frames, output),
        **sound.parameters,
    }
    task.command("frames-to-video", parameters)


@attrs.frozen
class Sound:
    """The sound of a video; without anything, if it has none."""

    tasks: tuple[TaskDraft, ...] = ()
    parameters: dict[str, Any] = attrs.field(factory=dict)


def sound_task(author: Author, settings: dict[str, Any], file: str) -> Sound:
    """The task that saves the sound of the frames, or why it is left out."""
    runs = frame_runs(settings["frames"])
    first, last = max(runs[0][0], 0), runs[-1][1]  # a scene begins at 0 at the earliest
    if not settings.get("has_sound"):
        return Sound()
    if len(runs) > 1:
        return Sound(parameters={"noSound": "it would not fit frames with gaps between them"})
    if last < 0:
        return Sound(parameters={"noSound": "it begins after the last frame"})
    task = author.task("sound", "blender")
    scene = ["--scene", settings["scene"]] if settings.get("scene") else []
    parameters = {
        "exe": "{blender}",
        "exeArgs": "{blenderArgs}",
        "argsBefore": [],
        "blendfile": settings["blendfile"],
        "args": [*scene, "--render-output", file, "--python-expr", SOUND.format(first, last)],
    }
    task.command("blender-render", parameters)
    return Sound((task,), {"sound": file, "soundFrame": first})


def file_name_of(frames: str) -> str:
    """The frame range as part of a file name; for a list, its first and last frame."""
    if "," not in frames:
        return frames
    single = frame_chunker(frames, 1)
    return f"{single[0]}-{single[-1]}"
