"""Paths are rewritten in copies by a real Blender, wherever a file can have them."""

import json
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from addon.flamenco.errors import Aborted, PackFailed
from addon.flamenco.plan import PackPlan, plan_pack
from addon.flamenco.rewriting import SCRIPT, rewrite
from addon.flamenco.used_files import Dependency
from tests.addon.blender import find_blender

_ROOT = str(Path(__file__).parents[2])

_COMMON = """
import json, os, sys
import bpy

sys.path.insert(0, {root!r})
from addon.flamenco import background, dependencies
folder, far = {folder!r}, {folder!r} + "/far"
data = bpy.data

def tell():
    found = background.run(dependencies.of_open_file())
    print("FOUND " + json.dumps(
        [[str(one.path), one.relative, one.kind, str(one.owner), one.names] for one in found]
    ))
"""

_MAKE = (
    _COMMON
    + """
os.makedirs(far + "/fluid/config")
os.makedirs(folder + "/home")

def touched(name):
    with open(os.path.join(far, name), "w"):
        return os.path.join(far, name)

bpy.ops.wm.read_factory_settings(use_empty=False)
part = data.materials.new("Part")
image = data.images.new("grain", 4, 4)
image.filepath_raw = touched("grain.png")
image.save()
part.use_nodes = True
part.node_tree.nodes.new("ShaderNodeTexImage").image = image
image.filepath = "//grain.png"
part.use_fake_user = True
bpy.ops.wm.save_as_mainfile(filepath=far + "/library.blend", compress=True)

bpy.ops.wm.read_factory_settings(use_empty=False)
thing, scene = data.objects["Cube"], bpy.context.scene
bpy.ops.wm.save_as_mainfile(filepath=folder + "/home/shot.blend")
with data.libraries.load(far + "/library.blend", link=True, relative=False) as (_, wanted):
    wanted.materials = ["Part"]
thing.data.materials.append(data.materials["Part"])

for name, source in (("a.png", "FILE"), ("b_01.png", "SEQUENCE"), ("c.<UDIM>.png", "TILED")):
    touched(name.replace("<UDIM>", "1001"))
    image = data.images.new(name, 4, 4, tiled=source == "TILED")
    image.source, image.filepath, image.use_fake_user = source, far + "/" + name, True
touched("b_02.png")
data.sounds.load(touched("e.wav")).use_fake_user = True
volume = data.volumes.new("V")
volume.filepath, volume.use_fake_user = touched("f.vdb"), True
data.texts.load(touched("h.osl")).use_fake_user = True

data.materials["Material"].use_nodes = True
tree = data.materials["Material"].node_tree
for kind, name in (("ShaderNodeTexIES", "i.ies"), ("ShaderNodeScript", "j.osl")):
    node = tree.nodes.new(kind)
    node.mode, node.filepath = "EXTERNAL", touched(name)

editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
still = strips.new_image("S", touched("k_1.png"), 1, 1)
still.elements.append(os.path.basename(touched("k_2.png")))
strips.new_movie("M", touched("l.mov"), 2, 1)

thing.modifiers.new("MC", "MESH_CACHE").filepath = touched("m.mdd")
thing.modifiers.new("F", "FLUID").fluid_type = "DOMAIN"
thing.modifiers["F"].domain_settings.cache_directory = far + "/fluid"
touched("fluid/config/config_0001.uni")
bpy.ops.wm.save_mainfile()
tell()
"""
)


def told(script: str, folder: Path, *arguments: str) -> list[Dependency]:
    """The dependencies of the file that is open at the script's end."""
    path = folder / "script.py"
    path.write_text(script.format(root=_ROOT, folder=str(folder)))
    command = [find_blender(), "--background", *arguments, "--python-exit-code", "7"]
    ended = subprocess.run(
        [*command, "--python", str(path)], capture_output=True, text=True, check=False
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith("FOUND ")]
    assert lines, ended.stdout + ended.stderr
    return [
        Dependency(Path(path), relative, kind, Path(owner), tuple(names))
        for path, relative, kind, owner, names in json.loads(lines[0].removeprefix("FOUND "))
    ]


def rewritten(plan: PackPlan, folder: Path, abort: Event | None = None) -> dict[Path, Path]:
    scratch = folder / "scratch"
    scratch.mkdir()
    options = ["--background", "--factory-startup", "--python-exit-code", "1", "--python"]
    command = [find_blender(), *options, str(SCRIPT)]
    return rewrite(plan, command, scratch, abort or Event())


@pytest.mark.slow
def test_every_kind_of_path_leads_to_its_place_in_the_pack(tmp_path: Path) -> None:
    home, far = tmp_path / "home", tmp_path / "far"
    used = told(_MAKE, tmp_path)
    assert not [one for one in used if one.relative and one.path.parent == home and one.names]
    plan = plan_pack(home / "shot.blend", home, tmp_path / "storage", used)
    assert plan.elsewhere == plan.missing == ()

    copies = rewritten(plan, tmp_path)

    assert set(copies) == {home / "shot.blend"}, "the library's only path is right as it is"
    pack = tmp_path / "pack"
    for file in plan.files:
        (pack / plan.place_of(file)).parent.mkdir(parents=True, exist_ok=True)
        (pack / plan.place_of(file)).write_bytes(copies.get(file, file).read_bytes())
    far.rename(tmp_path / "away")
    seen = told(_COMMON + "tell()", tmp_path, str(pack / "shot.blend"))
    assert all(one.relative for one in seen)
    caches = {"blendcache_shot", "blendcache_library"}
    expected = {pack / plan.place_of(one.path) for one in used if one.path.name not in caches}
    assert {one.path for one in seen if one.path.name not in caches} == expected
    assert (far / "grain.png") in {one.path for one in used}


def plan_of(tmp_path: Path, **rest: Any) -> PackPlan:
    file = tmp_path / "shot.blend"
    file.write_bytes(b"no blend file")
    return PackPlan(tmp_path, file, (file,), rewritten=(file,), **rest)


@pytest.mark.slow
def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackFailed, match=r"Paths cannot be rewritten in a copy of the file: .*"):
        rewritten(plan_of(tmp_path), tmp_path)


def test_an_abort_ends_the_other_blender(tmp_path: Path) -> None:
    abort = Event()
    abort.set()
    with pytest.raises(Aborted):
        rewrite(plan_of(tmp_path), ["sh", "-c", "exec sleep 100000"], tmp_path, abort)


def test_without_a_blender_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackFailed, match="Blender cannot be started"):
        rewrite(plan_of(tmp_path), [str(tmp_path / "blender")], tmp_path, Event())
