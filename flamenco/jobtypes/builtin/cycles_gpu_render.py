"""Job type: frames rendered by Cycles on a chosen kind of device, then a preview video."""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Requirements, Setting
from flamenco.jobtypes.builtin import simple_blender_render
from flamenco.jobtypes.scenes import parts_of

GPUS = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")

JOB_TYPE = JobType(
    label="Cycles GPU Render",
    description="render frames with the device of your choice + preview video",
    settings=[
        Setting(
            "device",
            "string",
            choices=("AUTOMATIC", *GPUS, "CPU"),
            default="AUTOMATIC",
            description="Device to render with; AUTOMATIC takes the best GPU of each worker",
        ),
        Setting(
            "cpu_fallback",
            "bool",
            label="CPU Where There Is No GPU",
            default=False,
            description="Let workers without such a GPU render too, with their CPU",
        ),
        Setting(
            "gpu_memory_gib",
            "int32",
            label="GPU Memory (GiB)",
            default=0,
            propargs={"min": 0, "max": 1024},
            description="Minimum memory of the GPU; 0 for any",
        ),
        Setting("engine", "string", eval="C.scene.render.engine", visible="hidden"),
        *simple_blender_render.JOB_TYPE.settings,
    ],
)


def compile_job(job: JobToCompile, author: Author) -> None:
    """The tasks of simple-blender-render, for workers that have the device."""
    settings, parts = job.settings, parts_of(JOB_TYPE, job.settings)
    for part in parts:
        if part.settings.get("engine") not in (None, "", "CYCLES"):
            engine = part.settings["engine"]
            raise ValueError(f"expected a scene that renders with Cycles, got {engine}")
    device, cpu_will_do = settings["device"], settings["cpu_fallback"]
    more = {"device": device, "cpuFallback": cpu_will_do}
    simple_blender_render.render_frames(job, author, parts, **more)
    if device == "CPU" or cpu_will_do:
        return
    needs = Requirements(
        gpu_kind="any" if device == "AUTOMATIC" else device,
        gpu_memory_mib=settings["gpu_memory_gib"] * 1024,
    )
    author.require("blender", needs)
