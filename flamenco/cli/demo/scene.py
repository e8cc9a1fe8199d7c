"""Script for Blender that makes and saves the demo's animated scene. Arguments: FILE FRAMES."""

import math
import sys
from typing import Any

import bpy

FILE, FRAMES = sys.argv[-2], int(sys.argv[-1])
ORBS = 12

Colour = tuple[float, float, float]


def material(name: str, colour: Colour, strength: float) -> Any:
    """A shiny material that also glows a little."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = 0.25
    glow = "Emission Color" if "Emission Color" in shader.inputs else "Emission"
    shader.inputs[glow].default_value = (*colour, 1)
    shader.inputs["Emission Strength"].default_value = strength
    return made


def rainbow(share: float) -> Colour:
    """A colour of the wheel, at ``share`` of the way around, from 0 to 1."""
    red, green, blue = (
        0.5 + 0.5 * math.cos(2 * math.pi * (share + third / 3)) for third in range(3)
    )
    return red, green, blue


def turn(thing: Any, angle: float) -> None:
    """Turn a thing evenly about the vertical over the whole animation."""
    for frame, value in ((1, 0.0), (FRAMES + 1, angle)):
        thing.rotation_euler.z = value
        thing.keyframe_insert("rotation_euler", frame=frame)


bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1, FRAMES
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 12, False
scene.render.resolution_x, scene.render.resolution_y = 320, 180
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "PNG"
scene.world = bpy.data.worlds.new("night")
scene.world.color = (0.012, 0.012, 0.025)

bpy.ops.mesh.primitive_plane_add(size=40)
bpy.context.object.data.materials.append(material("floor", (0.05, 0.05, 0.07), 0))
bpy.ops.mesh.primitive_monkey_add(location=(0, 0, 1.15), size=1.7)
monkey = bpy.context.object
monkey.data.materials.append(material("monkey", (0.9, 0.35, 0.08), 0.05))
bpy.ops.object.shade_smooth()
turn(monkey, 2 * math.pi)

bpy.ops.object.empty_add(location=(0, 0, 0))
carousel = bpy.context.object
for number in range(ORBS):
    angle = 2 * math.pi * number / ORBS
    place = (2.4 * math.cos(angle), 2.4 * math.sin(angle), 0.35)
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.32, location=place)
    bpy.ops.object.shade_smooth()
    orb = bpy.context.object
    orb.data.materials.append(material(f"orb {number}", rainbow(number / ORBS), 0.6))
    orb.parent = carousel
turn(carousel, -2 * math.pi / ORBS * 3)

bpy.ops.object.light_add(type="AREA", location=(3, -4, 6), rotation=(0.65, 0.2, 0.6))
bpy.context.object.data.energy, bpy.context.object.data.size = 500, 4
bpy.ops.object.camera_add(location=(0, -7.2, 3.1), rotation=(math.radians(71), 0, 0))
scene.camera = bpy.context.object
bpy.ops.wm.save_as_mainfile(filepath=FILE)
