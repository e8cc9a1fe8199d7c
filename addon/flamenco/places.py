# SPDX-License-Identifier: GPL-3.0-or-later
"""Places in the open file that name files: which data-blocks have them, and where.

Unlike Blender's own walk, this one can pause, knows which file each path is in, what it stands for,
and can write another path into the place.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import bpy

from .used_files import BAKE, CACHE, FILE, FLUID, LIBRARY, OCEAN, SEQUENCE


class Place(NamedTuple):
    """A property that holds a path."""

    block: bpy.types.ID
    """The data-block that it is part of."""
    holder: bpy.types.bpy_struct
    attribute: str
    kind: str = FILE
    names: tuple[str, ...] = ()
    """Names of the files that are used of a folder; empty if the path itself is used."""

    @property
    def text(self) -> str:
        """The path as it is stored."""
        return getattr(self.holder, self.attribute)

    def write(self, text: str) -> None:
        """Store another path."""
        setattr(self.holder, self.attribute, text)


def of_open_file() -> Iterator[Place | None]:
    """All places, also those in linked libraries; None for each data-block, to pause there."""
    for collection, look in _LOOKS:
        for block in list(getattr(bpy.data, collection, ())):
            yield None
            yield from look(block)


def _library(block: bpy.types.Library) -> Iterator[Place]:
    if not block.packed_file and not getattr(block, "is_archive", False):
        yield Place(block, block, "filepath", LIBRARY)


_IMAGES = {"FILE": FILE, "MOVIE": FILE, "TILED": FILE, "SEQUENCE": SEQUENCE}


def _image(block: bpy.types.Image) -> Iterator[Place]:
    kind = _IMAGES.get(block.source)
    if kind and not block.packed_file:
        yield Place(block, block, "filepath", kind)


def _clip(block: bpy.types.MovieClip) -> Iterator[Place]:
    yield Place(block, block, "filepath", SEQUENCE if block.source == "SEQUENCE" else FILE)


def _packable(block: bpy.types.ID) -> Iterator[Place]:
    if not block.packed_file and block.filepath != "<builtin>":
        kind = SEQUENCE if getattr(block, "is_sequence", False) else FILE
        yield Place(block, block, "filepath", kind)


def _cache_file(block: bpy.types.CacheFile) -> Iterator[Place]:
    yield Place(block, block, "filepath", SEQUENCE if block.is_sequence else FILE)
    for layer in getattr(block, "layers", ()):
        yield Place(block, layer, "filepath")


def _text(block: bpy.types.Text) -> Iterator[Place]:
    if not block.is_in_memory:
        yield Place(block, block, "filepath")


def _with_tree(block: bpy.types.ID) -> Iterator[Place]:
    tree = getattr(block, "node_tree", None)
    return _nodes(block, tree) if tree else iter(())


def _tree(block: bpy.types.NodeTree) -> Iterator[Place]:
    return _nodes(block, block)


def _nodes(block: bpy.types.ID, tree: bpy.types.NodeTree) -> Iterator[Place]:
    for node in tree.nodes:
        if node.type in {"TEX_IES", "SCRIPT"}:
            if node.mode == "EXTERNAL":
                yield Place(block, node, "filepath")
        elif "Import" in node.bl_idname:
            path = node.inputs.get("Path")
            if path is not None and not path.is_linked:
                yield Place(block, path, "default_value")


def _scene(block: bpy.types.Scene) -> Iterator[Place]:
    yield from _with_tree(block)
    if block.rigidbody_world is not None:
        yield from _point_caches(block, block.rigidbody_world.point_cache)
    editor = block.sequence_editor
    strips = getattr(editor, "strips_all", None) or getattr(editor, "sequences_all", ())
    for strip in strips:
        if strip.type == "MOVIE":
            yield Place(block, strip, "filepath")
        elif strip.type == "IMAGE":
            names = tuple(element.filename for element in strip.elements)
            yield Place(block, strip, "directory", FILE, names)


def _object(block: bpy.types.Object) -> Iterator[Place]:
    for modifier in block.modifiers:
        look = _MODIFIERS.get(modifier.type)
        if look is not None:
            yield from look(block, modifier)
    for system in block.particle_systems:
        yield from _point_caches(block, system.point_cache)


def _point_caches(block: bpy.types.ID, active: bpy.types.PointCache) -> Iterator[Place]:
    for cache in active.point_caches:
        if cache.use_external:
            yield Place(block, cache, "filepath", CACHE)


def _simulated(block: bpy.types.Object, modifier: bpy.types.Modifier) -> Iterator[Place]:
    return _point_caches(block, modifier.point_cache)


def _painted(block: bpy.types.Object, modifier: bpy.types.Modifier) -> Iterator[Place]:
    canvas = modifier.canvas_settings
    for surface in canvas.canvas_surfaces if canvas else ():
        yield from _point_caches(block, surface.point_cache)


def _fluid(block: bpy.types.Object, modifier: bpy.types.Modifier) -> Iterator[Place]:
    if modifier.domain_settings:
        yield Place(block, modifier.domain_settings, "cache_directory", FLUID)


def _ocean(block: bpy.types.Object, modifier: bpy.types.Modifier) -> Iterator[Place]:
    if modifier.is_cached:
        yield Place(block, modifier, "filepath", OCEAN)


def _mesh_cache(block: bpy.types.Object, modifier: bpy.types.Modifier) -> Iterator[Place]:
    yield Place(block, modifier, "filepath")


def _multires(block: bpy.types.Object, modifier: bpy.types.Modifier) -> Iterator[Place]:
    if modifier.is_external:
        yield Place(block, modifier, "filepath")


def _geometry(block: bpy.types.Object, modifier: bpy.types.Modifier) -> Iterator[Place]:
    """Bakes of geometry nodes, which Blender's own walk leaves out."""
    if hasattr(modifier, "bake_directory"):
        yield Place(block, modifier, "bake_directory", BAKE)
    for bake in getattr(modifier, "bakes", ()):
        if bake.use_custom_path:
            yield Place(block, bake, "directory", BAKE)


_MODIFIERS: dict[str, Callable[[bpy.types.Object, bpy.types.Modifier], Iterator[Place]]] = {
    "CLOTH": _simulated,
    "SOFT_BODY": _simulated,
    "DYNAMIC_PAINT": _painted,
    "FLUID": _fluid,
    "OCEAN": _ocean,
    "MESH_CACHE": _mesh_cache,
    "MULTIRES": _multires,
    "NODES": _geometry,
}

_LOOKS: tuple[tuple[str, Callable[[bpy.types.ID], Iterator[Place]]], ...] = (
    ("libraries", _library),
    ("images", _image),
    ("movieclips", _clip),
    ("sounds", _packable),
    ("fonts", _packable),
    ("volumes", _packable),
    ("cache_files", _cache_file),
    ("texts", _text),
    ("node_groups", _tree),
    ("materials", _with_tree),
    ("lights", _with_tree),
    ("worlds", _with_tree),
    ("linestyles", _with_tree),
    ("textures", _with_tree),
    ("scenes", _scene),
    ("objects", _object),
)
