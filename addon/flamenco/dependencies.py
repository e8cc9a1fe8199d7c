# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that the open file refers to, from Blender itself."""

import os
from collections.abc import Iterator
from pathlib import Path

import bpy

from .packing import CACHE, DIRECTORY, FILE, SEQUENCE, Dependency
from .paths import is_inside


def of_open_file() -> list[Dependency]:
    """Every file, sequence and cache folder, including linked libraries and their files.

    Files that come with Blender are left out, since every Blender has them. Blender 5.0 links its
    own brushes into each new file.
    """
    own = Path(bpy.utils.system_resource("DATAFILES"))
    kinds = dict(_special_paths())
    # Both calls visit the same data in the same order, so the lists match.
    stored = bpy.utils.blend_paths(absolute=False)
    absolute = bpy.utils.blend_paths(absolute=True)
    found = [
        Dependency(Path(os.path.normpath(path)), text.startswith("//"), kinds.get(text, FILE))
        for text, path in zip(stored, absolute, strict=True)
        if text
    ]
    return [
        *(one for one in found if not is_inside(one.path, own)),
        *_point_caches(),
        *_bakes(),
        *_imports(),
    ]


def _special_paths() -> Iterator[tuple[str, str]]:
    """Stored paths that stand for more than one file, with their kinds."""
    for image in bpy.data.images:
        if image.source == "SEQUENCE":
            yield image.filepath, SEQUENCE
    for clip in bpy.data.movieclips:
        if clip.source == "SEQUENCE":
            yield clip.filepath, SEQUENCE
    for cache in (*bpy.data.cache_files, *bpy.data.volumes):
        if cache.is_sequence:
            yield cache.filepath, SEQUENCE
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if modifier.type == "FLUID" and modifier.domain_settings:
                yield modifier.domain_settings.cache_directory, DIRECTORY


def _point_caches() -> Iterator[Dependency]:
    """Disk caches of simulations, which Blender keeps in a folder named after the blend file."""
    blendfile = Path(bpy.data.filepath)
    yield Dependency(
        blendfile.parent / f"blendcache_{blendfile.stem}", relative=True, kind=DIRECTORY
    )
    for owner, active in _simulations():
        for cache in active.point_caches:
            if cache.use_external and cache.filepath:
                yield _stored(cache.filepath, owner, CACHE)


def _simulations() -> Iterator[tuple[bpy.types.ID, bpy.types.PointCache]]:
    """The active point caches, and what they belong to."""
    for scene in bpy.data.scenes:
        if scene.rigidbody_world is not None:
            yield scene, scene.rigidbody_world.point_cache
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if modifier.type in {"CLOTH", "SOFT_BODY"}:
                yield thing, modifier.point_cache
            elif modifier.type == "DYNAMIC_PAINT" and modifier.canvas_settings:
                for surface in modifier.canvas_settings.canvas_surfaces:
                    yield thing, surface.point_cache
        for system in thing.particle_systems:
            yield thing, system.point_cache


def _bakes() -> Iterator[Dependency]:
    """Folders with what geometry nodes have baked, which Blender's walk leaves out."""
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if modifier.type == "NODES":
                bakes = [one for one in getattr(modifier, "bakes", ()) if one.use_custom_path]
                texts = [getattr(modifier, "bake_directory", ""), *(one.directory for one in bakes)]
                for text in filter(None, texts):
                    yield _stored(text, thing, DIRECTORY)


def _imports() -> Iterator[Dependency]:
    """Files that nodes import, if their path is in the node itself."""
    for tree in bpy.data.node_groups:
        for node in tree.nodes:
            path = node.inputs.get("Path") if "Import" in node.bl_idname else None
            if path is not None and not path.is_linked and path.default_value:
                yield _stored(path.default_value, tree, FILE)


def _stored(text: str, owner: bpy.types.ID, kind: str) -> Dependency:
    """A path that a data-block has, relative to the file that the data-block is in."""
    absolute = bpy.path.abspath(text, library=owner.library)
    return Dependency(Path(os.path.normpath(absolute)), text.startswith("//"), kind)
