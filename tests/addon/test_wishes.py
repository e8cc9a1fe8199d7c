"""What an artist asks of a job beside its settings: frames, requirements, comment, clean-up."""

from types import SimpleNamespace

import msgspec
import pytest

from addon.flamenco import frame_ranges, output_overrides, requirements
from addon.flamenco.errors import NotReady
from addon.flamenco.job_types import JobType, Setting
from flamenco.api.jobs import JobRequirements
from tests.addon.blender import InstalledBlender
from tests.addon.fake_manager import FakeManager
from tests.addon.scene_files import make_file
from tests.addon.submitting import in_blender


def scene(*markers: tuple[int, bool], step: int = 1) -> SimpleNamespace:
    found = [SimpleNamespace(frame=frame, select=selected) for frame, selected in markers]
    return SimpleNamespace(timeline_markers=found, frame_step=step)


def animated(*keys: tuple[float, bool], layered: bool = False) -> SimpleNamespace:
    points = [SimpleNamespace(co=(frame, 0), select_control_point=on) for frame, on in keys]
    curves = [SimpleNamespace(keyframe_points=points)]
    strips = [SimpleNamespace(channelbags=[SimpleNamespace(fcurves=curves)])]
    old, new = {"fcurves": curves}, {"layers": [SimpleNamespace(strips=strips)]}
    action = SimpleNamespace(**(new if layered else old))
    return SimpleNamespace(animation_data=SimpleNamespace(action=action))


STILL = SimpleNamespace(animation_data=None)


@pytest.mark.parametrize(
    ("source", "objects", "frames"),
    [
        ("MARKERS", [], "5-90"),
        ("SELECTION", [STILL], "20-40"),
        ("SELECTION", [animated((1, False), (12.6, True), (99, False))], "13-40"),
        ("SELECTION", [animated((64, True), layered=True)], "20-64"),
    ],
)
def test_frames_follow_markers_or_what_is_selected(
    source: str, objects: list[SimpleNamespace], frames: str
) -> None:
    marked = scene((40, True), (5, False), (90, False), (20, True))
    assert frame_ranges.followed(source, marked, objects) == frames


def test_the_scenes_step_is_kept() -> None:
    assert frame_ranges.followed("MARKERS", scene((1, False), (9, False), step=4), []) == "1-9x4"


def test_a_step_of_the_jobs_own_goes_before_the_scenes() -> None:
    whole = scene(step=4)
    whole.frame_start, whole.frame_end = 3, 7
    assert frame_ranges.followed("SCENE", whole, [], 2) == "3-7x2"
    assert frame_ranges.followed("SCENE", whole, [], 1) == "3-7"


def test_only_what_a_job_type_reads_from_the_scene_is_overridden() -> None:
    read = {"eval": "C.scene.x", "visible": "hidden"}
    settings = (
        Setting("format", "string", **read),
        Setting("image_file_extension", "string", **read),
        Setting("fps", "float", eval="C.scene.render.fps"),
    )
    job_type = JobType("render", "Render", settings=settings)
    written = output_overrides.overrides(job_type, "OPEN_EXR", 30)
    assert written == {"format": "OPEN_EXR", "image_file_extension": ".exr"}
    assert output_overrides.overrides(job_type, "SCENE", 0) == {}


@pytest.mark.parametrize(
    ("file_format", "is_linked", "depth"),
    [
        ("OPEN_EXR", True, None),  # EXR has no 8 bits: the file says how many
        ("OPEN_EXR", False, "8"),
        ("PNG", True, "8"),
        ("SCENE", True, "8"),
    ],
)
def test_the_depth_of_a_scene_counts_only_for_its_own_format(
    file_format: str, is_linked: bool, depth: str | None
) -> None:
    settings = (
        Setting("format", "string", eval="C.scene.x", visible="web"),
        Setting("color_depth", "string", eval="C.scene.y", visible="submission", link_button=True),
    )
    job_type = JobType("render", "Render", settings=settings)
    written = output_overrides.overrides(job_type, file_format, 0)
    links = SimpleNamespace(autoeval_color_depth=is_linked)
    values = {"format": "PNG", "color_depth": "8"}
    changed = output_overrides.overridden(job_type, links, values, written)
    assert changed.get("color_depth") == depth
    assert changed["format"] == written.get("format", "PNG")


@pytest.mark.parametrize("source", ["MARKERS", "SELECTION"])
def test_without_anything_to_follow_the_artist_is_told(source: str) -> None:
    with pytest.raises(NotReady, match="there are none"):
        frame_ranges.followed(source, scene(), [STILL])


@pytest.mark.parametrize(
    ("text", "programs"),
    [
        ("", []),
        ("blender", [("blender", "")]),
        (" blender >= 4.2, <5 ; ffmpeg;", [("blender", ">=4.2,<5"), ("ffmpeg", "")]),
        ("blender==4.2.*", [("blender", "==4.2.*")]),
    ],
)
def test_software_is_typed_as_people_write_it(text: str, programs: list[tuple[str, str]]) -> None:
    found = requirements.of(0, "NONE", 0, text)
    assert [(one["name"], one["version"]) for one in found.get("software", [])] == programs
    msgspec.convert(found, JobRequirements)


@pytest.mark.parametrize("text", [">=4.2", "blender 4.2", "blender >=", "a b"])
def test_software_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(NotReady, match=r"typed as \"blender"):
        requirements.software(text)


def test_amounts_are_sent_in_mebibytes() -> None:
    needed = requirements.of(1.5, "optix", 8, "")
    assert needed == {"memory_mib": 1536, "gpu_kind": "optix", "gpu_memory_mib": 8192}


@pytest.mark.slow
def test_all_of_it_reaches_the_manager(
    blender: InstalledBlender, manager: FakeManager, tmp_path
) -> None:
    blendfile = make_file(blender, tmp_path / "home" / "shot.blend")
    script = """
plain = tried()
scene.flamenco_comment = " for Ada "
scene.flamenco_keep = True
scene.flamenco_needs_memory, scene.flamenco_needs_gpu = 32, "any"
scene.flamenco_needs_software = "blender >=4.2"
scene.flamenco_frames_from = "MARKERS"
none = tried()
for frame in (4, 6):
    scene.timeline_markers.new("m", frame=frame)
cube = bpy.data.objects["Cube"]
for frame in (5, 11):
    cube.keyframe_insert("location", frame=frame)
bpy.ops.wm.save_mainfile()
marked = tried()
scene.flamenco_frames_from = "SELECTION"
for marker in scene.timeline_markers:
    marker.select = False
cube.select_set(True)
selected = tried()
scene.flamenco_frames_from, scene.flamenco_frame_step = "SCENE", 2
scene.flamenco_format, scene.flamenco_fps = "TIFF", 12.5
bpy.ops.wm.save_mainfile()
other = tried()
kept = [scene.frame_step, scene.render.image_settings.file_format, scene.render.fps]
finish([plain, none, marked, selected, other, kept])
"""
    run = in_blender(blender, manager, script, blendfile)
    assert run.result[0] == run.result[2] == run.result[3] == ["FINISHED"], run.output
    assert run.result[4:] == [["FINISHED"], [1, "PNG", 30]], run.output
    assert "there are none" in run.result[1]
    plain, job, selected, other = manager.submitted
    assert not {"keep", "requirements"} & plain.keys()
    assert "comment" not in plain["metadata"]
    assert (job["metadata"]["comment"], job["keep"]) == ("for Ada", True)
    assert job["requirements"] == {
        "memory_mib": 32768,
        "gpu_kind": "any",
        "software": [{"name": "blender", "version": ">=4.2"}],
    }
    assert job["settings"]["frames"] == "4-6"
    assert selected["settings"]["frames"] == "5-11"
    assert other["settings"]["frames"] == "3-7x2"
    read = {"format": "TIFF", "image_file_extension": ".tif", "fps": 12.5}
    assert other["settings"] | read == other["settings"]
