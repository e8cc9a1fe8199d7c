# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the open file that would show on the farm only, told before it is sent."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from .background import Flow, in_slices
from .findings import Finding
from .job_types import JobType
from .questions import Mend
from .requirements import NO_GPU
from .used_files import has_bake


def faults(scene: bpy.types.Scene) -> Flow[list[Finding]]:
    """A finding for each image with unsaved changes, and for each simulation without a bake."""
    return in_slices(_all_faults(scene))


def without_gpu(
    scene: bpy.types.Scene, job_type: JobType, sender: bpy.types.Scene
) -> tuple[Finding, ...]:
    """A finding if a scene renders on the GPU, and the job that `sender` makes asks for none.

    Job types with a setting `device` ask for it by themselves.
    """
    cycles = getattr(scene, "cycles", None)
    wants_gpu = scene.render.engine == "CYCLES" and getattr(cycles, "device", "") == "GPU"
    if not wants_gpu or job_type.setting("device") or sender.flamenco_needs_gpu != NO_GPU:
        return ()
    told = f'Scene "{scene.name}" renders on the GPU, and Workers without one would use their CPU'
    return (Finding(told, partial(setattr, sender, "flamenco_needs_gpu", "any")),)


def packing_of(file: Path) -> Mend | None:
    """A function that packs a file into the open one; None if it is no image.

    It raises RuntimeError if no image of the open file uses just this file.
    """
    return partial(_pack, file) if file.suffix.lower() in bpy.path.extensions_image else None


def _pack(file: Path) -> None:
    users = [
        image
        for image in bpy.data.images
        if image.source == "FILE"
        and image.library is None
        and not image.packed_file
        and Path(bpy.path.abspath(image.filepath)) == file
    ]
    if not users:
        raise RuntimeError("only a library, a sequence or tiles use it")
    for image in users:
        image.pack()


def _all_faults(scene: bpy.types.Scene) -> Iterator[Finding | None]:
    yield from map(_unsaved, bpy.data.images)
    yield _rigid_bodies(scene)
    for each in scene.objects:
        yield from _simulations(each)


def _unsaved(image: bpy.types.Image) -> Finding | None:
    if not image.is_dirty or image.source == "VIEWER" or image.library is not None:
        return None
    has_file = image.source != "GENERATED" and bool(image.filepath) and not image.packed_file
    return Finding(
        f'Image "{image.name}" has changes that are not saved, and Workers read the file',
        partial(image.save) if has_file else partial(image.pack),
    )


def _rigid_bodies(scene: bpy.types.Scene) -> Finding | None:
    world = scene.rigidbody_world
    if world is None or not world.enabled or _is_kept(world.point_cache):
        return None
    return _told("Rigid bodies", scene.name)


def _simulations(each: bpy.types.Object) -> Iterator[Finding | None]:
    yield None
    if each.hide_render:
        return
    for modifier in each.modifiers:
        if modifier.show_render and not _is_baked(modifier):
            yield _told(modifier.name, each.name)
    for system in each.particle_systems:
        if _moves(system) and not _is_kept(system.point_cache):
            yield _told(system.name, each.name)


def _is_baked(modifier: bpy.types.Modifier) -> bool:
    """True as well for what is no simulation, or one of which the file does not tell it."""
    if modifier.type in {"CLOTH", "SOFT_BODY"}:
        return _is_kept(modifier.point_cache)
    if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
        domain = modifier.domain_settings
        return domain is None or domain.has_cache_baked_data
    if modifier.type == "NODES":
        return all(_has_bake(modifier, one) for one in getattr(modifier, "bakes", ()))
    return True


def _has_bake(modifier: bpy.types.NodesModifier, bake: Any) -> bool:
    """True as well if it is packed, since Blender does not tell of those if they are made."""
    target = modifier.bake_target if bake.bake_target == "INHERIT" else bake.bake_target
    if target != "DISK" or bake.node is None or bake.node.type != "SIMULATION_OUTPUT":
        return True
    if bake.use_custom_path:
        folder = bake.directory
    else:
        folder = modifier.bake_directory and f"{modifier.bake_directory}/{bake.bake_id}"
    library = modifier.id_data.library
    return bool(folder) and has_bake(Path(bpy.path.abspath(folder, library=library)))


def _moves(system: bpy.types.ParticleSystem) -> bool:
    if system.settings.type == "HAIR":
        return system.use_hair_dynamics
    return system.settings.physics_type != "NO"


def _is_kept(cache: bpy.types.PointCache) -> bool:
    return cache.is_baked or cache.use_external or cache.use_disk_cache


def _told(simulation: str, owner: str) -> Finding:
    return Finding(
        f'{simulation} of "{owner}" is not baked, so that Workers may render it otherwise'
    )
