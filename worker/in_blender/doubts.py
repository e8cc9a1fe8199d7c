"""Doubts if a frame comes out the same in a Blender that has rendered others before.

All is doubted that is not known to depend on the file and the frame alone.
"""

from collections.abc import Iterator
from typing import Any

import bpy

EEVEE = {"BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"}
ENGINES = {"CYCLES", "BLENDER_WORKBENCH"} | EEVEE
"""Engines whose pixels `tests/worker/warm/test_same_pixels.py` compares."""
OBJECTS = {
    *("MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "ARMATURE", "LATTICE"),
    *("EMPTY", "LIGHT", "LIGHT_PROBE", "CAMERA"),
}
MODIFIERS = {
    *("ARRAY", "BEVEL", "BOOLEAN", "BUILD", "DECIMATE", "EDGE_SPLIT", "NODES", "MASK", "MIRROR"),
    *("MULTIRES", "REMESH", "SCREW", "SKIN", "SOLIDIFY", "SUBSURF", "TRIANGULATE", "WELD"),
    *("WIREFRAME", "ARMATURE", "CAST", "CURVE", "DISPLACE", "HOOK", "LATTICE", "MESH_DEFORM"),
    *("SHRINKWRAP", "SIMPLE_DEFORM", "SMOOTH", "CORRECTIVE_SMOOTH", "LAPLACIANSMOOTH"),
    *("SURFACE_DEFORM", "WARP", "WAVE", "DATA_TRANSFER", "NORMAL_EDIT", "WEIGHTED_NORMAL"),
    *("UV_PROJECT", "UV_WARP", "VERTEX_WEIGHT_EDIT", "VERTEX_WEIGHT_MIX"),
    "VERTEX_WEIGHT_PROXIMITY",
}
"""Modifiers that know nothing of earlier frames."""
STATEFUL_NODES = ("SIMULATION", "BAKE", "SCRIPT")
"""Parts of the names of kinds of nodes that remember frames, or run scripts."""
RENDER_HANDLERS = ("frame_change", "render_", "depsgraph_update", "composite_", "object_bake")
MOVING = {"SEQUENCE", "MOVIE"}


def doubt() -> str:
    """A reason not to render another frame in this Blender, in a few words; empty: there is none.

    Asked again after each task, since scripts may have changed the file meanwhile.
    """
    return next(_doubts(), "")


def _doubts() -> "Iterator[str]":
    data = bpy.data
    if any(getattr(bpy.app.handlers, name) for name in _render_handlers()):
        yield "a script acts when a frame changes or is rendered"
    if any(text.use_module for text in data.texts):
        yield "the file has a script of its own"
    for scene in data.scenes:
        yield from _doubts_of_scene(scene)
    for each in data.objects:
        yield from _doubts_of_object(each)
    if any(image.source in MOVING for image in data.images) or data.movieclips:
        yield "it has moving images"
    if data.volumes or data.cache_files or data.particles:
        yield "it has volumes, caches or particles"
    if any(_is_stateful(node) for tree in _trees() for node in tree.nodes):
        yield "it has nodes that simulate, bake or run scripts"
    yield from _doubts_of_animation()


def _render_handlers() -> "Iterator[str]":
    return (name for name in dir(bpy.app.handlers) if name.startswith(RENDER_HANDLERS))


def _doubts_of_scene(scene: Any) -> "Iterator[str]":
    render = scene.render
    if render.engine not in ENGINES:
        yield f"frames of the engine {render.engine} were never compared"
    if render.engine in EEVEE and getattr(scene.eevee, "use_raytracing", False):
        yield "rays that EEVEE traces are blended over time"
    if render.use_freestyle:
        yield "it uses Freestyle"
    if render.image_settings.file_format in {"FFMPEG", "AVI_JPEG", "AVI_RAW"}:
        yield "it renders a movie"
    editor = scene.sequence_editor
    if render.use_sequencer and editor and len(_strips(editor)):
        yield "it renders the sequencer"
    if scene.rigidbody_world:
        yield "it has physics"


def _strips(editor: Any) -> Any:
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def _doubts_of_object(each: Any) -> "Iterator[str]":
    if each.type not in OBJECTS:
        yield f"it has an object of the kind {each.type}"
    for modifier in each.modifiers:
        if modifier.type not in MODIFIERS:
            yield f"it has a modifier of the kind {modifier.type}"
    if each.pose and each.pose.ik_solver == "ITASC":
        yield "it has a simulated armature"


def _trees() -> "Iterator[Any]":
    data = bpy.data
    yield from data.node_groups
    for kind in (data.materials, data.worlds, data.lights, data.scenes, data.linestyles):
        for each in kind:
            tree = getattr(each, "node_tree", None)
            if tree:
                yield tree


def _is_stateful(node: Any) -> bool:
    moving = getattr(getattr(node, "image_user", None), "use_auto_refresh", False)
    return moving or any(part in node.bl_idname.upper() for part in STATEFUL_NODES)


def _doubts_of_animation() -> "Iterator[str]":
    for animation in _animations():
        if animation.nla_tracks:
            yield "it has NLA tracks"
        for curve in animation.drivers:
            driver = curve.driver
            if driver.type == "SCRIPTED" and not driver.is_simple_expression:
                yield "it has drivers in Python"


def _animations() -> "Iterator[Any]":
    """Animations of all that is in the file."""
    data = bpy.data
    for name in dir(data):
        kind = getattr(data, name)
        if isinstance(kind, bpy.types.bpy_prop_collection):
            for each in kind:
                for part in (each, getattr(each, "node_tree", None)):
                    animation = getattr(part, "animation_data", None)
                    if animation:
                        yield animation


def may_persist() -> bool:
    """True if Cycles may keep its scene between frames, and renders the same pixels."""
    scene = bpy.context.scene
    render = scene.render
    return (
        render.engine == "CYCLES"
        and getattr(scene.cycles, "feature_set", "SUPPORTED") == "SUPPORTED"
        and not any(
            _is_adaptive(each) for object_ in bpy.data.objects for each in object_.modifiers
        )
        and not scene.cycles.shading_system
        and not render.use_motion_blur
        and not render.use_multiview
        and sum(layer.use for layer in scene.view_layers) == 1
    )


def _is_adaptive(modifier: Any) -> bool:
    """True if a modifier follows the camera; before Blender 5 that was an experimental feature."""
    return any(getattr(modifier, name) is True for name in dir(modifier) if "adaptive" in name)
