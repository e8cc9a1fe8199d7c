"""The operator sends the open file of a real Blender to a Manager."""

import platform
from getpass import getuser
from pathlib import Path

import pytest

from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import VERSION, FakeManager
from tests.addon.job_type import SIMPLE_BLENDER_RENDER
from tests.addon.scene_files import make_file
from tests.addon.submitting import in_blender

pytestmark = pytest.mark.slow

GPU = "b1c0e4e2-5b68-4f0d-8f2b-7e9f8a4c3d21"


class TestAFileInTheSharedStorage:
    def test_is_submitted_as_the_reference_demands(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        manager.tags = [{"id": GPU, "name": "GPU"}]
        blendfile = make_file(blender, storage / "film" / "seq" / "work" / "shot.blend")
        script = f"""
scene.flamenco_job_priority = 70
scene.flamenco_job_submit_as_paused = True
scene.flamenco_worker_tag = {GPU!r}
settings.chunk_size = 2
settings.render_output_root = "//../renders"
settings.add_path_components = 2
finish(tried(job_name="Shot 12"))
"""
        run = in_blender(blender, manager, script, blendfile)

        assert run.result == ["FINISHED"], run.output
        (job,) = manager.submitted
        assert job["settings"].pop("fps") == pytest.approx(30 / 1.001)
        renders = f"{storage}/film/seq/renders/seq/work"
        assert job == {
            "name": "Shot 12",
            "type": "simple-blender-render",
            "type_etag": SIMPLE_BLENDER_RENDER["etag"],
            "priority": 70,
            "metadata": {"user.name": getuser()},
            "submitter_platform": platform.system().lower(),
            "initial_status": "paused",
            "worker_tag": GPU,
            "settings": {
                "frames": "3-7",
                "chunk_size": 2,
                "render_output_root": "//../renders",
                "add_path_components": 2,
                "render_output_path": f"{renders}/{{jobname}}/{{timestamp}}/######",
                "blendfile": blendfile.as_posix(),
                "format": "PNG",
                "image_file_extension": ".png",
                "has_previews": False,
                "scene": "Shot",
            },
        }

    def test_is_checked_by_the_manager_before_and_never_packed(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        blendfile = make_file(blender, storage / "shot.blend")
        before = set(storage.iterdir())

        in_blender(blender, manager, "finish(tried())", blendfile)

        assert manager.paths[-2:] == ["POST /api/v3/jobs/check", "POST /api/v3/jobs"]
        check, job = manager.checked[0], manager.submitted[0]
        assert check["settings"]["blendfile"] == "dummy-for-job-check.blend"
        assert job["name"] == "shot"
        assert job["initial_status"] == "queued"
        assert "worker_tag" not in job
        assert "storage" not in job
        assert set(storage.iterdir()) == before

    def test_is_saved_first_when_it_has_changes(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        blendfile = make_file(blender, storage / "shot.blend")
        script = """
scene.frame_end = 99
bpy.ops.ed.undo_push(message="what the user interface does after a change")
finish([bpy.data.is_dirty, tried()])
"""
        run = in_blender(blender, manager, script, blendfile)

        assert run.result == [True, ["FINISHED"]]
        opened = blender.run("finish(bpy.context.scene.frame_end)", blendfile=blendfile)
        assert opened.result == 99

    def test_is_known_behind_a_link_and_tells_what_is_not_with_it(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
    ) -> None:
        link = tmp_path / "link"
        link.symlink_to(storage, target_is_directory=True)
        script = f"""
for place in (folder, {str(tmp_path / "far")!r}):
    image_file(place + "/wall.png")
for path in ("//wall.png", {str(tmp_path / "far" / "wall.png")!r}, "//gone.png"):
    use_image(path)
"""
        make_file(blender, storage / "film" / "shot.blend", script)

        run = in_blender(blender, manager, "finish(tried())", link / "film" / "shot.blend")

        assert run.result == ["FINISHED"], run.output
        assert manager.submitted[0]["settings"]["blendfile"] == f"{storage}/film/shot.blend"
        assert manager.packs == 0
        assert f"Outside the shared storage: {tmp_path}/far/wall.png" in run.output
        assert "1 file outside the shared storage" in run.output
        assert "1 file missing" in run.output


class TestAFileElsewhere:
    def test_is_copied_with_its_textures_to_a_folder_of_the_job(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
    ) -> None:
        project = tmp_path / "film"
        blendfile = make_file(
            blender,
            project / "seq" / "shot.blend",
            """
image_file(folder + "/../textures/wall.png")
use_image("//../textures/wall.png")
use_image("//gone.png")
""",
        )
        (project / ".blender_project").mkdir()

        run = in_blender(blender, manager, "finish(tried(job_name='Shot: 12'))", blendfile)

        assert run.result == ["FINISHED"], run.output
        (pack,) = (storage / "jobs").iterdir()
        assert pack.name == "2026-11-29-1"
        names = {str(file.relative_to(pack)) for file in pack.rglob("*") if file.is_file()}
        assert names == {"seq/shot.blend", "textures/wall.png"}
        settings = manager.submitted[0]["settings"]
        assert settings["blendfile"] == (pack / "seq" / "shot.blend").as_posix()
        told = f"2 files copied to the shared storage; 1 file missing: {project}/seq/gone.png"
        assert told in run.output
        assert f"Missing: {project}/seq/gone.png" in run.output

    def test_finds_in_its_pack_all_that_it_found_at_home_and_blender_does_not_bring(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
    ) -> None:
        home = tmp_path / "home" / "shots"
        library = tmp_path / "home" / "assets" / "wood.blend"
        make_file(
            blender,
            library,
            """
image_file(folder + "/maps/wood.png")
material = bpy.data.materials.new("Wood")
material.use_nodes, material.use_fake_user = True, True
use_image("//maps/wood.png")
node = material.node_tree.nodes.new("ShaderNodeTexImage")
node.image = bpy.data.images["//maps/wood.png"]
""",
        )
        script = """
for name in ("t.1001.png", "t.1002.png", "s_001.png", "s_002.png", "s_003.png", "s_003.txt"):
    image_file(folder + "/" + name)
use_image("//t.<UDIM>.png", "TILED")
use_image("//s_001.png", "SEQUENCE")
own = os.path.join(bpy.utils.system_resource("DATAFILES"), "studiolights", "world")
use_image(bpy.path.relpath(os.path.join(own, sorted(os.listdir(own))[0])))
with bpy.data.libraries.load("//../assets/wood.blend", link=True, relative=True) as (_, data):
    data.materials = ["Wood"]
bpy.data.objects["Cube"].data.materials.append(data.materials[0])
"""
        blendfile = make_file(blender, home / "shot.blend", script)

        run = in_blender(blender, manager, "finish(tried())", blendfile)

        assert run.result == ["FINISHED"], run.output
        assert "Warning" not in run.output
        (pack,) = (storage / "jobs").iterdir()
        names = {str(file.relative_to(pack)) for file in pack.rglob("*") if file.is_file()}
        sequence = {f"shots/s_00{number}.png" for number in (1, 2, 3)}
        tiles = {"shots/t.1001.png", "shots/t.1002.png"}
        linked = {"assets/wood.blend", "assets/maps/wood.png"}
        assert names == {"shots/shot.blend", *sequence, *tiles, *linked}
        (tmp_path / "home").rename(tmp_path / "gone")
        seen = blender.run(
            "finish([image.filepath for image in bpy.data.images if image.library])",
            blendfile=Path(manager.submitted[0]["settings"]["blendfile"]),
        )
        assert seen.result == ["//maps/wood.png"], seen.output

    def test_brings_what_it_names_by_a_whole_path_and_finds_it_in_its_pack(
        self, blender: InstalledBlender, manager: FakeManager, tmp_path: Path, storage: Path
    ) -> None:
        far, near = tmp_path / "far äö #1", storage / "near"
        script = f"""
for place in ({str(far)!r}, {str(near)!r}):
    image_file(place + "/wall.png")
    use_image(place + "/wall.png")
bpy.context.preferences.filepaths.use_file_compression = True
"""
        blendfile = make_file(blender, tmp_path / "home" / "shot.blend", script)

        run = in_blender(blender, manager, "finish(tried())", blendfile)

        assert run.result == ["FINISHED"]
        assert "2 files copied to the shared storage" in run.output
        assert "outside the shared storage" not in run.output
        (pack,) = (storage / "jobs").iterdir()
        assert (pack / "shot.blend").read_bytes()[:4] == blendfile.read_bytes()[:4]
        (tmp_path / "home").rename(tmp_path / "gone")
        far.rename(tmp_path / "away")
        opened = """
shown = [bpy.path.abspath(one.filepath) for one in bpy.data.images if one.filepath]
finish([sorted(shown), sorted(one.size[0] for one in bpy.data.images if one.filepath)])
"""
        seen = blender.run(opened, blendfile=pack / "shot.blend")
        brought = pack.joinpath("_outside", *far.parts[1:], "wall.png")
        assert seen.result == [sorted([str(brought), str(near / "wall.png")]), [4, 4]], seen.output

    def test_is_looked_for_in_the_storage_while_blender_draws(
        self, blender: InstalledBlender, manager: FakeManager, blendfile: Path
    ) -> None:
        script = f"""
import os, threading
realpath, threads = os.path.realpath, set()
def watched(path, **how):
    if str(path) == {str(manager.storage)!r}:
        threads.add(threading.current_thread().name)
    return realpath(path, **how)
os.path.realpath = watched
finish([tried(), sorted(threads)])
"""
        run = in_blender(blender, manager, script, blendfile)
        assert run.result == [["FINISHED"], ["flamenco-addon"]]

    def test_is_not_rendered_into_a_folder_beside_it(
        self, blender: InstalledBlender, manager: FakeManager, tmp_path: Path
    ) -> None:
        blendfile = make_file(blender, tmp_path / "home" / "shot.blend")
        script = """
settings.render_output_root = "//render/"
refused = tried()
settings.render_output_root = "//../storage/renders"
finish([refused, tried()])
"""
        run = in_blender(blender, manager, script, blendfile)

        refused, sent = run.result
        assert f'"Render Output Root" is //render/, which is {tmp_path}/home/render' in refused
        assert sent == ["FINISHED"]
        assert len(manager.submitted) == 1

    def test_keeps_its_key_and_its_pack_until_it_is_answered_or_changed(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
    ) -> None:
        manager.lose = 4 + 4
        blendfile = make_file(blender, tmp_path / "home" / "shot.blend")
        script = f"""
import shutil
answers = [tried()]
shutil.rmtree({str(storage / "jobs")!r})
answers += [tried(), tried()]
settings.chunk_size = 5
finish([*answers, tried()])
"""
        run = in_blender(blender, manager, script, blendfile)

        gone, lost, again, changed = run.result
        assert "Submit again without a change, which makes no second one" in lost
        assert gone == lost
        assert again == changed == ["FINISHED"]
        first, second, other = manager.keys[0], manager.keys[4], manager.keys[9]
        assert manager.keys == [first] * 4 + [second] * 5 + [other]
        assert len({first, second, other}) == 3
        packs = sorted((storage / "jobs").iterdir())
        sent = [Path(job["settings"]["blendfile"]).parent for job in manager.submitted]
        assert sent == packs

    def test_leaves_no_pack_behind_when_the_manager_refuses_the_job(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
    ) -> None:
        manager.refusals["/api/v3/jobs"] = (400, {"code": 400, "message": "no frames to render"})
        blendfile = make_file(blender, tmp_path / "home" / "shot.blend")

        run = in_blender(blender, manager, "finish(tried())", blendfile)

        assert "does not accept the job (HTTP 400): no frames to render" in run.result
        assert list(storage.glob("jobs/*")) == []


class TestASubmissionThatFails:
    """Nothing is sent, the user learns what to do, and the next one works."""

    def test_because_of_versions_can_be_forced_once(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        manager.version = "3.9"
        blendfile = make_file(blender, storage / "shot.blend")
        script = """
wm = bpy.context.window_manager
answers = []
for arguments in ({}, {"ignore_version_mismatch": True}, {}):
    answers += [wm.flamenco_version_mismatch, tried(**arguments)]
finish(answers)
"""
        run = in_blender(blender, manager, script, blendfile)

        refused, forced, again = ["CANCELLED"], ["FINISHED"], ["CANCELLED"]
        assert run.result == [False, refused, True, forced, False, again]
        assert f"The Manager has version 3.9 and this add-on {VERSION}" in run.output
        assert len(manager.submitted) == 1

    @pytest.mark.parametrize(
        ("status", "message", "told"),
        [
            (400, "unknown setting", "HTTP 400): unknown setting"),
            (412, "etag differs", "Refresh from Manager"),
            (503, "database busy", "HTTP 503): database busy"),
        ],
    )
    def test_at_the_check_tells_the_managers_reason(
        self,
        blender: InstalledBlender,
        manager: FakeManager,
        storage: Path,
        status: int,
        message: str,
        told: str,
    ) -> None:
        manager.refusals["/api/v3/jobs/check"] = (status, {"code": status, "message": message})
        blendfile = make_file(blender, storage / "shot.blend")
        script = "finish([tried(), bpy.context.window_manager.flamenco_bat_status])"

        run = in_blender(blender, manager, script, blendfile)

        text, state = run.result
        assert told in text
        assert state == "IDLE"
        assert manager.submitted == []

    def test_without_a_manager_names_its_address_and_can_be_repeated(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        blendfile = make_file(blender, storage / "shot.blend")
        script = f"""
preferences = bpy.context.preferences.addons["flamenco"].preferences
preferences.manager_url = "http://127.0.0.1:9/"
first = tried()
preferences.manager_url = {manager.url!r}
finish([first, tried()])
"""
        run = in_blender(blender, manager, script, blendfile)

        first, second = run.result
        assert "Manager cannot be reached at http://127.0.0.1:9/" in first
        assert second == ["FINISHED"]

    def test_for_a_file_never_saved_asks_to_save_it(
        self, blender: InstalledBlender, manager: FakeManager
    ) -> None:
        run = in_blender(blender, manager, "finish(tried())", None)
        assert "Save it first" in run.result

    def test_without_the_shared_storage_asks_to_mount_it(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path, tmp_path: Path
    ) -> None:
        blendfile = make_file(blender, tmp_path / "home" / "shot.blend")
        storage.rmdir()
        run = in_blender(blender, manager, "finish(tried())", blendfile)
        assert f"The shared storage {storage} cannot be reached" in run.result

    def test_without_a_required_setting_names_it(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        blendfile = make_file(blender, storage / "shot.blend")
        script = "settings.render_output_root = ''\nfinish(tried())"
        run = in_blender(blender, manager, script, blendfile)
        assert '"Render Output Root" is required' in run.result

    def test_without_a_job_type_does_not_start(
        self, blender: InstalledBlender, manager: FakeManager, storage: Path
    ) -> None:
        blendfile = make_file(blender, storage / "shot.blend")
        script = "scene.flamenco_job_type = '-'\nfinish(tried())"
        run = in_blender(blender, manager, script, blendfile)
        assert "poll() Choose a Flamenco job type first" in run.result
