"""Script that lets Cycles render with the device that a job asks for, or refuses."""

import json
import sys
from typing import Any, NoReturn

import bpy

NAMES = {
    "OPTIX": "OptiX",
    "CUDA": "CUDA",
    "HIP": "HIP",
    "METAL": "Metal",
    "ONEAPI": "oneAPI",
}
"""{kind of GPU: its name for people}, the fastest for the same card first."""


def refuse(kind: str, sentence: str) -> NoReturn:
    """End Blender with a reason that the Worker reports."""
    print(f"flamenco: {kind}: {sentence}", flush=True)
    sys.exit(1)


def gpus(preferences: Any, kind: str) -> list[Any]:
    """The machine's GPUs of a kind; to know them, Cycles must be set to use that kind."""
    try:
        preferences.compute_device_type = kind
    except TypeError:  # this Blender is built without that kind
        return []
    preferences.refresh_devices() if hasattr(
        preferences, "refresh_devices"
    ) else preferences.get_devices()
    return [each for each in preferences.devices if each.type == kind]


def use(device: str, cpu_fallback: bool) -> None:
    """Set up Cycles for ``device``: a kind of GPU, AUTOMATIC for the best there is, or CPU."""
    addon = bpy.context.preferences.addons.get("cycles")
    if addon is None:
        refuse("missing-plugin", "Blender on this Worker has no Cycles")
    preferences = addon.preferences
    kinds = {"AUTOMATIC": tuple(NAMES), "CPU": ()}.get(device, (device,))
    found = next((cards for kind in kinds if (cards := gpus(preferences, kind))), [])
    if not found and device != "CPU" and not cpu_fallback:
        wanted = f"{NAMES[device]} GPU" if device in NAMES else "GPU that Cycles could use"
        refuse("missing-device", f"Blender on this Worker finds no {wanted}")
    for each in preferences.devices:
        each.use = each in found
    for scene in bpy.data.scenes:
        scene.cycles.device = "GPU" if found else "CPU"
    names = [f"{each.name} ({NAMES[each.type]})" for each in found]
    print(f"Cycles renders with {', '.join(names) or 'the CPU'}", flush=True)


asked = json.loads(sys.argv[-1])
use(asked["device"], asked["cpu_fallback"])
