"""Blend files to submit, made by a real Blender."""

from pathlib import Path

from tests.addon.blender import InstalledBlender

_HELPERS = """
import os

def image_file(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    image = bpy.data.images.new("pixels", 4, 4)
    image.filepath_raw, image.file_format = path, "PNG"
    image.save()
    bpy.data.images.remove(image)

def use_image(path, source="FILE"):
    image = bpy.data.images.new(path, 4, 4, tiled=source == "TILED")
    image.source, image.filepath, image.use_fake_user = source, path, True

def save(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=path)

"""


_PLAIN: dict[str, bytes] = {}
"""{name: content} of files without a script of their own; Blender takes a second to make one."""


def make_file(blender: InstalledBlender, blendfile: Path, script: str = "") -> Path:
    """Save a scene called Shot of frames 3 to 7, after `script` added to it.

    The script can use ``image_file``, ``use_image`` and ``folder``, the blend file's own.
    """
    if not script and blendfile.name in _PLAIN:
        blendfile.parent.mkdir(parents=True, exist_ok=True)
        blendfile.write_bytes(_PLAIN[blendfile.name])
        return blendfile
    scene = f"""
folder = {str(blendfile.parent)!r}
save({str(blendfile)!r})
scene = bpy.context.scene
scene.name, scene.frame_start, scene.frame_end = "Shot", 3, 7
scene.render.fps, scene.render.fps_base = 30, 1.001
"""
    run = blender.run(_HELPERS + scene + script + f"\nsave({str(blendfile)!r})")
    assert run.status == 0, run.output
    if not script:
        _PLAIN[blendfile.name] = blendfile.read_bytes()
    return blendfile
