"""What may be submitted is found on the shared storage, and Blender tells what is in it."""

import shutil
import subprocess

import pytest
import trio

from flamenco.config.manager import ManagerConfig
from flamenco.model.variables import Variable, VariableValue
from tests.web.conftest import call, edge_at
from web.api import blendfiles

BLENDER = shutil.which("blender")
RENDER = "simple-blender-render"


def config_of(tmp_path, blender="blender"):
    values = (VariableValue(value=blender, platforms=("all",)),)
    return ManagerConfig(
        shared_storage_path=str(tmp_path / "farm"),
        variables={"blender": Variable(values=values)},
    )


@pytest.fixture
async def stored(tmp_path):
    farm = trio.Path(tmp_path / "farm")
    await (farm / "film").mkdir(parents=True)
    for name in ("a.blend", "b.blend", "film/c.blend"):
        await (farm / name).write_bytes(b"")
    async with edge_at(tmp_path / "manager", config_of(tmp_path)) as edge:
        yield edge, farm


async def test_blend_files_are_listed_in_pages(stored):
    edge, farm = stored
    found = await call(edge, "GET", "blend-files?limit=2")
    assert [each["name"] for each in found["files"]] == ["a.blend", "b.blend"]
    assert found["files"][0]["path"] == str(farm / "a.blend")
    assert (found["files"][0]["size"], found["files"][0]["modified"][-1]) == (0, "Z")
    rest = await call(edge, "GET", f"blend-files?limit=2&after={found['next']}")
    assert [each["name"] for each in rest["files"]] == ["film/c.blend"]
    assert "next" not in rest
    (only,) = (await call(edge, "GET", "blend-files?search=film"))["files"]
    assert only["name"] == "film/c.blend"
    await call(edge, "GET", "blend-files?after=nonsense", None, 400)


async def test_a_storage_that_is_gone_is_told(stored):
    edge, farm = stored
    await farm.rename(f"{farm}-away")
    refused = await call(edge, "GET", "blend-files", None, 503)
    assert str(farm) in refused["message"]


async def test_without_blender_the_fields_stay_empty_with_the_reason(tmp_path):
    farm = trio.Path(tmp_path / "farm")
    await farm.mkdir()
    await (farm / "a.blend").write_bytes(b"")
    body = {"path": "a.blend", "type": RENDER}
    async with edge_at(tmp_path / "manager", config_of(tmp_path, "/none/blender")) as edge:
        facts = await call(edge, "POST", "blend-files/facts", body)
        assert facts["settings"] == {}
        assert "no Blender" in facts["reason"]
        await call(edge, "POST", "blend-files/facts", body | {"path": "/etc/passwd"}, 404)
        await call(edge, "POST", "blend-files/facts", body | {"type": "none"}, 404)


async def test_expressions_of_the_farms_own_scripts_are_not_run_here(tmp_path):
    farm, manager = trio.Path(tmp_path / "farm"), trio.Path(tmp_path / "manager")
    await (manager / "scripts").mkdir(parents=True)
    await farm.mkdir()
    await (farm / "a.blend").write_bytes(b"")
    script = "const JOB_TYPE = {label: 'Mine', settings: []}; function compileJob(job) {}"
    await (manager / "scripts" / "mine.js").write_text(script)
    async with edge_at(tmp_path / "manager", config_of(tmp_path)) as edge:
        body = {"path": "a.blend", "type": "mine"}
        facts = await call(edge, "POST", "blend-files/facts", body)
    assert "script of this farm" in facts["reason"]


@pytest.mark.slow
@pytest.mark.skipif(BLENDER is None, reason="needs Blender: apt install blender")
async def test_blender_tells_what_a_file_is_without_running_its_scripts(tmp_path):
    farm = tmp_path / "farm"
    farm.mkdir()
    marker = tmp_path / "ran"
    script = f"open({str(marker)!r}, 'w')"
    code = (
        "import bpy; s = bpy.context.scene; s.frame_start, s.frame_end = 3, 7; "
        f"t = bpy.data.texts.new('x.py'); t.write({script!r}); "
        "t.use_module = True; "
        f"bpy.ops.wm.save_as_mainfile(filepath={str(farm / 'shot.blend')!r})"
    )
    command = [BLENDER, "--factory-startup", "-b", "--python-exit-code", "1", "--python-expr", code]
    await trio.run_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    marker.unlink(missing_ok=True)
    async with edge_at(tmp_path / "manager", config_of(tmp_path, BLENDER)) as edge:
        body = {"path": str(farm / "shot.blend"), "type": RENDER, "settings": {"fps": 12.0}}
        facts = await call(edge, "POST", "blend-files/facts", body)
        assert facts["reason"] == ""
        assert facts["settings"]["frames"] == "3-7"
        assert "fps" not in facts["settings"]
        await trio.Path(farm / "broken.blend").write_bytes(b"nonsense")
        broken = await call(edge, "POST", "blend-files/facts", body | {"path": "broken.blend"})
        assert "Blender cannot read it" in broken["reason"]
    assert not marker.exists()


@pytest.mark.slow
async def test_a_blender_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(blendfiles, "BLENDER_SECONDS", 0.5)
    farm = trio.Path(tmp_path / "farm")
    await farm.mkdir()
    await (farm / "a.blend").write_bytes(b"")
    slow = trio.Path(tmp_path / "blender")
    await slow.write_text("#!/bin/sh\nexec sleep 3600\n")
    await slow.chmod(0o755)
    async with edge_at(tmp_path / "manager", config_of(tmp_path, str(slow))) as edge:
        body = {"path": "a.blend", "type": RENDER}
        facts = await call(edge, "POST", "blend-files/facts", body)
    assert "took over 0.5 s" in facts["reason"]
