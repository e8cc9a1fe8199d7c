"""The built-in job types, as reference job-types §4 has them."""

from functools import partial

import pytest

from flamenco.jobtypes import CompileError, SettingsError, inline_compiler
from flamenco.jobtypes.authoring import format_timestamp_local
from flamenco.model.jobtypes import setting_values
from flamenco.model.specs import Requirements
from tests.jobtypes.rendering import RENDER, compiled


@pytest.fixture
def compile_(job):
    return partial(compiled, job)


class TestSimpleBlenderRender:
    async def test_it_asks_what_the_add_on_expects(self):
        job_type = await inline_compiler().job_type("simple-blender-render")
        assert job_type.label == "Simple Blender Render"
        assert job_type.description == "render frames + preview video"
        asked = {each.key: setting_values(each) for each in job_type.settings}
        for values in asked.values():
            values.pop("description", None)
        assert asked == {
            "frames": {
                "key": "frames",
                "type": "string",
                "required": True,
                "eval": "f'{C.scene.frame_start}-{C.scene.frame_end}' "
                "+ (f'x{C.scene.frame_step}' if C.scene.frame_step > 1 else '')",
                "evalInfo": {"showLinkButton": True, "description": "Scene frame range"},
            },
            "chunk_size": {
                "key": "chunk_size",
                "type": "int32",
                "default": 1,
                "visible": "submission",
            },
            "render_output_root": {
                "key": "render_output_root",
                "type": "string",
                "subtype": "dir_path",
                "required": True,
                "visible": "submission",
            },
            "add_path_components": {
                "key": "add_path_components",
                "type": "int32",
                "required": True,
                "default": 0,
                "propargs": {"min": 0, "max": 32},
                "visible": "submission",
            },
            "render_output_path": {
                "key": "render_output_path",
                "type": "string",
                "subtype": "file_path",
                "editable": False,
                "eval": "str(Path(abspath(settings.render_output_root), "
                "last_n_dir_parts(settings.add_path_components), "
                "'{jobname}', '{timestamp}', '######'))",
            },
            "blendfile": {
                "key": "blendfile",
                "type": "string",
                "required": True,
                "visible": "web",
            },
            "fps": {
                "key": "fps",
                "type": "float",
                "eval": "C.scene.render.fps / C.scene.render.fps_base",
                "propargs": {"min": 0.001},
                "visible": "hidden",
            },
            "format": {
                "key": "format",
                "type": "string",
                "required": True,
                "eval": "C.scene.render.image_settings.file_format",
                "visible": "web",
            },
            "image_file_extension": {
                "key": "image_file_extension",
                "type": "string",
                "required": True,
                "eval": "C.scene.render.file_extension",
                "visible": "hidden",
            },
            "resolution_percentage": {
                "key": "resolution_percentage",
                "type": "int32",
                "propargs": {"min": 1, "max": 32767, "subtype": "PERCENTAGE"},
                "eval": "C.scene.render.resolution_percentage",
                "evalInfo": {"showLinkButton": True, "description": "Percentage of the scene"},
                "visible": "submission",
            },
            "samples": {
                "key": "samples",
                "type": "int32",
                "propargs": {"min": 1, "max": 1 << 24},
                "eval": "C.scene.cycles.samples if C.scene.render.engine == 'CYCLES' else 1",
                "evalInfo": {"showLinkButton": True, "description": "Samples of the scene"},
                "visible": "submission",
            },
            "color_depth": {
                "key": "color_depth",
                "type": "string",
                "choices": ("8", "10", "12", "16", "32"),
                "eval": "C.scene.render.image_settings.color_depth",
                "evalInfo": {"showLinkButton": True, "description": "Color depth of the scene"},
                "visible": "submission",
            },
            "has_sound": {
                "key": "has_sound",
                "type": "bool",
                "eval": "any(each.type == 'SOUND' and not each.mute for each in "
                "getattr(C.scene.sequence_editor, 'strips_all', "
                "getattr(C.scene.sequence_editor, 'sequences_all', ())))",
                "visible": "hidden",
            },
            "has_previews": {
                "key": "has_previews",
                "type": "bool",
                "eval": "C.scene.render.image_settings.use_preview",
                "visible": "hidden",
            },
            "scene": {
                "key": "scene",
                "type": "string",
                "required": True,
                "eval": "C.scene.name",
                "visible": "web",
            },
            "view_layer": {"key": "view_layer", "type": "string", "visible": "submission"},
            "scenes": {"key": "scenes", "type": "string", "visible": "hidden"},
            "on_missing": {
                "key": "on_missing",
                "type": "string",
                "choices": ("default", "warn", "fail"),
                "default": "default",
                "visible": "submission",
            },
        }

    async def test_each_chunk_is_a_task_of_blender(self, compile_, job):
        compiled = await compile_("simple-blender-render", **RENDER)
        stamp = format_timestamp_local(job("x").created)
        output = f"/render/out/My Job/{stamp}/######"
        assert compiled.settings["render_output_path"] == output
        assert [each.name for each in compiled.tasks] == [
            "render-1,2",
            "render-3,4",
            "preview-video",
        ]
        (command,) = compiled.tasks[0].commands
        assert (compiled.tasks[0].type, command.name) == ("blender", "blender-render")
        assert command.total_step_count == 2
        override = command.parameters["args"][3]
        assert command.parameters == {
            "exe": "{blender}",
            "exeArgs": "{blenderArgs}",
            "argsBefore": [],
            "blendfile": "/render/scene.flamenco.blend",
            "args": [
                *("--scene", "Scene", "--python-expr", override),
                *("--render-output", output, "--render-format", "PNG"),
                *("--render-frame", "1,2"),
            ],
            "frames": "1,2",
            "onMissing": "default",
        }
        for flag in ("use_file_extension = True", "use_overwrite = False"):
            assert flag in override
        assert "use_placeholder = False" in override

    async def test_what_frames_look_like_is_left_to_the_file_without_settings_for_it(
        self, compile_
    ):
        compiled = await compile_("simple-blender-render", **RENDER)
        arguments = compiled.tasks[0].commands[0].parameters["args"]
        assert arguments.count("--python-expr") == 1
        assert not any(word in arguments[3] for word in ("samples", "percentage", "depth"))

    async def test_a_depth_that_a_format_does_not_have_is_refused(self, compile_):
        with pytest.raises(CompileError, match="color_depth: expected 8, 16 for PNG, got 32"):
            await compile_("simple-blender-render", **RENDER | {"color_depth": "32"})
        await compile_("simple-blender-render", **RENDER | {"format": "JPEG", "color_depth": "32"})

    async def test_a_long_chunk_is_given_to_blender_with_two_dots(self, compile_):
        compiled = await compile_("simple-blender-render", **RENDER | {"chunk_size": 4})
        assert compiled.tasks[0].name == "render-1-4"
        assert compiled.tasks[0].commands[0].parameters["args"][-1] == "1..4"

    @pytest.mark.parametrize("format_", ["FFMPEG", "AVI_RAW", "AVI_JPEG"])
    async def test_rendering_to_a_video_file_is_refused(self, compile_, format_):
        with pytest.raises(CompileError, match=f"expected an image format, got {format_}"):
            await compile_("simple-blender-render", **RENDER | {"format": format_})

    @pytest.mark.parametrize("fps", [0.0, -1.0, -29.97])
    async def test_a_rate_that_is_none_is_refused_by_name(self, compile_, fps):
        with pytest.raises((SettingsError, CompileError), match=r"fps: expected (a n|more)"):
            await compile_("simple-blender-render", **RENDER | {"fps": fps})

    @pytest.mark.parametrize(
        ("frames", "chunk_size", "reason"),
        [
            ("10-1", 1, "counts backwards"),
            ("1-900001", 1, "expected 250000 tasks at most.*set chunk_size to 4 or more"),
            ("1-1048575", 1000, "expected -1048574 to 1048574, got 1048575"),
            ("-1048575", 1, "got -1048575"),
            ("1-2000000x2", 1, "expected -1048574 to 1048574, got 1999999"),
            ("1-500000x2,500001-900000x3", 1, "250000 tasks at most, got 383334 frames"),
        ],
    )
    async def test_frames_that_cannot_be_rendered_are_refused_before_they_are_made(
        self, compile_, monkeypatch, frames, chunk_size, reason
    ):
        def parts(_: str):
            raise AssertionError("its frames are made")

        monkeypatch.setattr("flamenco.model.frames._parts", parts)
        asked = RENDER | {"frames": frames, "chunk_size": chunk_size}
        with pytest.raises(CompileError, match=reason):
            await compile_("simple-blender-render", **asked)

    async def test_steps_and_negative_frames_are_taken(self, compile_):
        asked = RENDER | {"frames": "-6--4,1-9x4", "chunk_size": 3}
        tasks = (await compile_("simple-blender-render", **asked)).tasks
        assert [each.name for each in tasks] == ["render--6--4", "render-1,5,9", "preview-video"]
        negative, positive = (each.commands[0].parameters["args"] for each in tasks[:2])
        assert negative[-2] == "--python-expr"
        assert "for frame in [-6, -5, -4]:" in negative[-1]
        assert positive[-2:] == ["--render-frame", "1,5,9"]

    @pytest.mark.parametrize(
        ("name", "folder"), [("/elsewhere/x", "_elsewhere_x"), ("../../up", ".._.._up")]
    )
    async def test_a_jobs_name_is_one_folder_below_the_root(self, job, name, folder):
        compiler = inline_compiler()
        output = "/render/out/{jobname}/{timestamp}/######"
        settings = RENDER | {"render_output_path": output}
        compiled = await compiler.compile(job("simple-blender-render", name, **settings))
        stamp = format_timestamp_local(job("x").created)
        assert compiled.settings["render_output_path"] == f"/render/out/{folder}/{stamp}/######"

    async def test_wrong_frames_are_refused_by_name(self, compile_):
        with pytest.raises(
            CompileError, match=r"simple_blender_render\.py, line \d+: expected fra"
        ):
            await compile_("simple-blender-render", **RENDER | {"frames": "one"})

    async def test_paths_of_windows_are_taken(self, compile_):
        output = "R:\\out\\{timestamp}\\######"
        compiled = await compile_(
            "simple-blender-render", **RENDER | {"render_output_path": output}
        )
        parameters = compiled.tasks[-1].commands[0].parameters
        assert parameters["inputGlob"].startswith("R:/out/2026-11-24_")


class TestCyclesGpuRender:
    async def test_it_is_the_simple_render_on_a_device(self, compile_):
        plain = await compile_("simple-blender-render", **RENDER)
        compiled = await compile_("cycles-gpu-render", **RENDER, device="HIP", engine="CYCLES")
        assert [each.name for each in compiled.tasks] == [each.name for each in plain.tasks]
        (command,) = compiled.tasks[0].commands
        assert command.parameters == {
            **plain.tasks[0].commands[0].parameters,
            "device": "HIP",
            "cpuFallback": False,
        }
        assert compiled.tasks[-1].commands == plain.tasks[-1].commands

    @pytest.mark.parametrize(
        ("asked", "needs"),
        [
            ({}, {"gpu_kind": "any"}),
            ({"device": "OPTIX"}, {"gpu_kind": "optix"}),
            (
                {"device": "CUDA", "gpu_memory_gib": 24},
                {"gpu_kind": "cuda", "gpu_memory_mib": 24 * 1024},
            ),
        ],
    )
    async def test_only_workers_with_the_device_are_asked(self, compile_, asked, needs):
        compiled = await compile_("cycles-gpu-render", **RENDER, **asked)
        assert compiled.requirements == {"blender": Requirements(**needs)}

    @pytest.mark.parametrize("asked", [{"device": "CPU"}, {"cpu_fallback": True}])
    async def test_all_are_asked_where_the_cpu_will_do(self, compile_, asked):
        assert (await compile_("cycles-gpu-render", **RENDER, **asked)).requirements == {}

    async def test_another_engine_is_refused(self, compile_):
        with pytest.raises(CompileError, match="renders with Cycles, got BLENDER_EEVEE"):
            await compile_("cycles-gpu-render", **RENDER, engine="BLENDER_EEVEE")


STILL = {
    "frame": 12,
    "samples": 100,
    "render_output_root": "/render",
    "render_output_path": "/render/Still/{timestamp}/######",
    "blendfile": "/render/still.blend",
    "scene": "Scene",
    "engine": "CYCLES",
    "resolution_x": 64,
    "resolution_y": 32,
    "stereo": False,
}


class TestSingleImageRender:
    async def test_each_tile_is_a_task_then_they_are_joined_finished_and_cleared_away(
        self, compile_, job
    ):
        compiled = await compile_("single-image-render", **STILL, tiles_x=2, tiles_y=1)
        folder = f"/render/Still/{format_timestamp_local(job('x').created)}"
        assert [(each.name, each.type, each.depends_on) for each in compiled.tasks] == [
            ("render-tile-1-1", "blender", ()),
            ("render-tile-1-2", "blender", ()),
            ("finish-image", "blender", (0, 1)),
            ("clean-up", "file-management", (2,)),
        ]
        asked = {
            "exe": "{blender}",
            "exeArgs": "{blenderArgs}",
            "blendfile": "/render/still.blend",
            "scene": "Scene",
            "frame": 12,
            "percentage": 100,
            "denoise": False,
            "onMissing": "default",
        }
        parts = [f"{folder}/.parts-j1/tile-1-{column}.exr" for column in (1, 2)]
        whole = f"{folder}/.parts-j1/whole.exr"
        commands = [command for task in compiled.tasks[1:] for command in task.commands]
        assert [(command.name, command.parameters) for command in commands] == [
            (
                "render-image-part",
                {
                    **asked,
                    "samples": 100,
                    "output": parts[1],
                    "tile": {"column": 1, "columns": 2, "row": 0, "rows": 1},
                },
            ),
            ("join-image-parts", {"parts": parts, "output": whole, "frame": 12, "columns": 2}),
            (
                "finish-image",
                {**asked, "source": whole, "output": f"{folder}/000012.png", "format": "PNG"},
            ),
            ("remove-files", {"files": [*parts, whole], "folder": f"{folder}/.parts-j1"}),
        ]

    @pytest.mark.parametrize(("samples", "parts"), [(100, 3), (7, 7), (1000, 1), (128, 128)])
    async def test_ranges_hold_each_sample_once_and_are_of_one_size(self, compile_, samples, parts):
        asked = STILL | {"mode": "samples", "samples": samples, "parts": parts}
        tasks = (await compile_("single-image-render", **asked)).tasks
        ranges = [task.commands[0].parameters["range"] for task in tasks[:-2]]
        assert len(ranges) == parts
        each = [sample for it in ranges for sample in range(it["first"], it["first"] + it["count"])]
        assert each == [*range(samples)]
        counts = [it["count"] for it in ranges]
        assert max(counts) - min(counts) <= 1
        assert tasks[-2].commands[0].parameters["samples"] == counts

    async def test_of_a_multilayer_file_nothing_is_finished_and_it_stays(self, compile_):
        asked = STILL | {"format": "OPEN_EXR_MULTILAYER", "tiles_x": 1, "tiles_y": 1}
        tasks = (await compile_("single-image-render", **asked)).tasks
        (join,) = tasks[-2].commands
        assert join.parameters["output"].endswith("/000012.exr")
        assert join.parameters["output"] not in tasks[-1].commands[0].parameters["files"]

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"mode": "samples", "engine": "BLENDER_EEVEE"}, "expected a scene of Cycles, got BL"),
            ({"mode": "samples", "samples": 4, "parts": 5}, "parts: expected 4 at most"),
            ({"tiles_x": 32, "resolution_percentage": 40}, "tiles_x: expected 25 at most"),
            ({"stereo": True}, "expected an image for one eye"),
            ({"render_output_path": None}, "expected a path in render_output_path"),
        ],
    )
    async def test_what_has_no_parts_is_refused(self, compile_, changed, reason):
        with pytest.raises(CompileError, match=reason):
            await compile_("single-image-render", **STILL | changed)

    async def test_two_jobs_of_one_name_and_second_keep_their_parts_apart(self, compile_):
        folder = (await compile_("single-image-render", **STILL)).tasks[-1].commands[0].parameters
        assert "j1" in folder["folder"]


async def test_echo_sleep_test_echoes_then_sleeps(compile_):
    compiled = await compile_("echo-sleep-test", message="hello", sleep_repeats=2)
    assert [(each.name, each.type, each.depends_on) for each in compiled.tasks] == [
        ("echo", "misc", ()),
        ("sleep", "misc", (0,)),
        ("sleep", "misc", (0,)),
    ]
    assert compiled.tasks[0].commands[0].parameters == {"message": "hello"}
    assert compiled.tasks[1].commands[0].parameters == {"duration_in_seconds": 1}


async def test_test_frames_draws_each_frame_then_makes_the_video(compile_):
    compiled = await compile_(
        "test-frames", frames="3,9", render_output_path="{jobs}/demo/######.png"
    )
    assert [each.type for each in compiled.tasks] == ["misc", "misc", "ffmpeg"]
    (command,) = compiled.tasks[1].commands
    assert (command.name, command.total_step_count) == ("test-frame", 1)
    assert command.parameters == {
        "frame": 9,
        "frames": 2,
        "output": "{jobs}/demo/000009.png",
        "width": 320,
        "height": 180,
    }
    video = compiled.tasks[2].commands[0].parameters
    assert video["exe"] == "{ffmpeg}"
    assert video["inputGlob"] == "{jobs}/demo/*.png"
    assert video["outputFile"] == "{jobs}/demo/demo.mp4"


@pytest.mark.parametrize(
    ("output", "file"),
    [
        ("/a/####", "/a/0007.png"),
        ("/a/b-##-##", "/a/b-##-07.png"),
        ("/a/b", "/a/b000007.png"),
        ("/a/b_###_c.png", "/a/b_007_c.png"),
    ],
)
async def test_a_test_frame_has_its_number_where_the_marks_are(compile_, output, file):
    compiled = await compile_("test-frames", frames="7", render_output_path=output)
    assert compiled.tasks[0].commands[0].parameters["output"] == file
