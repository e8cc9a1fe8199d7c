"""Job type: test frames drawn without Blender, then a video, to watch a farm at work."""

import re

from flamenco.jobtypes.authoring import (
    Author,
    JobToCompile,
    JobType,
    Setting,
    format_timestamp_local,
    frame_count,
    frame_numbers,
    path,
)
from flamenco.jobtypes.videos import video_parameters

JOB_TYPE = JobType(
    label="Test Frames",
    description="frames drawn by the Worker itself + preview video; needs no Blender",
    settings=[
        Setting("frames", "string", required=True, default="1-24"),
        Setting("width", "int32", default=320, propargs={"min": 16, "max": 8192}),
        Setting("height", "int32", default=180, propargs={"min": 16, "max": 8192}),
        Setting(
            "render_output_path",
            "string",
            subtype="file_path",
            required=True,
            description="Path of the frames: ###### becomes the frame number",
        ),
        Setting("fps", "float", default=24.0, propargs={"min": 1.0, "max": 240.0}),
    ],
)


def compile_job(job: JobToCompile, author: Author) -> None:
    """A task for each frame, then one for the video."""
    settings = job.settings
    output = settings["render_output_path"].replace(
        "{timestamp}", format_timestamp_local(job.created)
    )
    settings["render_output_path"] = output
    head, digits, tail = split_at_number(output)
    total = frame_count(settings["frames"])
    render_tasks = []
    for frame in frame_numbers(settings["frames"]):
        task = author.task(f"render-{frame}", "misc")
        parameters = {
            "frame": frame,
            "frames": total,
            "output": f"{head}{frame:0{digits}}{tail}",
            "width": settings["width"],
            "height": settings["height"],
        }
        task.command("test-frame", parameters, steps=1)
        render_tasks.append(task)
    folder = path.dirname(output)
    video = author.task("preview-video", "ffmpeg", after=render_tasks)
    parameters = {
        "exe": "{ffmpeg}",
        "inputGlob": path.join(folder, "*.png"),
        "outputFile": path.join(folder, f"{path.basename(folder)}.mp4"),
        **video_parameters(settings["fps"], settings["frames"], output),
    }
    video.command("frames-to-video", parameters)


def split_at_number(output: str) -> tuple[str, int, str]:
    """The text before the frame number, its digits (the last `####`), and the text after."""
    folder, name = path.dirname(output), path.basename(output).removesuffix(".png")
    marks = re.search(r"#+(?=[^#]*$)", name)
    begin, end = marks.span() if marks else (len(name), len(name))
    return f"{folder}/{name[:begin]}", end - begin or 6, f"{name[end:]}.png"
