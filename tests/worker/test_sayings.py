"""Programs' messages on problems, and the Worker's reading of them."""

import pytest

from worker.sayings import Severity, Tracebacks, told


@pytest.mark.parametrize(
    ("line", "kind", "reason"),
    [
        (
            "Error: Cannot read file '/a b.blend': No such file or directory",
            "missing-file",
            "cannot read /a b.blend",
        ),
        (
            "CUDA error: Out of memory in cuMemAlloc",
            "gpu-out-of-memory",
            "the GPU is out of memory",
        ),
        (
            "HIP error: Out of memory in hipMemAlloc",
            "gpu-out-of-memory",
            "the GPU is out of memory",
        ),
        (
            "Unable to allocate vertex buffer. Most likely an out of memory issue.",
            "gpu-out-of-memory",
            "the GPU is out of memory",
        ),
        (
            'Error: Cannot read file "/nope.blend": No such file or directory',
            "missing-file",
            "cannot read /nope.blend",
        ),
        (
            "Error: Render error (Permission denied) cannot save: '/farm/0001.png'",
            "cannot-save",
            "cannot save a frame: Permission denied",
        ),
        (
            "Write error: cannot save /farm/0001.png",
            "cannot-save",
            "cannot save a frame: /farm/0001.png",
        ),
        ("System is out of GPU memory", "gpu-out-of-memory", "the GPU is out of memory"),
        ("Calloc returns null: len=8 in x, out of memory", "out-of-memory", "out of memory"),
        (
            "Error: engine not found 'LUX'",
            "missing-plugin",
            "this Blender has no render engine LUX",
        ),
        (
            "Error: Build without OpenImageDenoiser",
            "missing-plugin",
            "this Blender is built without OpenImageDenoise",
        ),
        (
            "flamenco: missing-device: Blender on this Worker finds no HIP GPU",
            "missing-device",
            "Blender on this Worker finds no HIP GPU",
        ),
        ("VK_ERROR_DEVICE_LOST", "gpu-lost", "the GPU failed: VK_ERROR_DEVICE_LOST"),
        (
            "OptiX error OPTIX_ERROR_LAUNCH_FAILURE",
            "gpu-lost",
            "the GPU failed: OptiX error OPTIX_ERROR_LAUNCH_FAILURE",
        ),
        (
            "Error: Render error (No space left on device) cannot save: '/x.png'",
            "disk-full",
            "the disk is full",
        ),
        ("Fra:1 Mem:9.4M", None, None),
    ],
)
def test_known_troubles_become_a_reason(line, kind, reason):
    found = told(line)
    assert (found and found.reason.kind, found and found.reason.detail) == (kind, reason)


@pytest.mark.parametrize(
    "name",
    [
        "CUDA error lab",
        "device lost",
        "unable to open a display",
        "out of GPU memory",
        "out of memory in custom",
        "no camera found in scene",
        "Write error: cannot save",
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "Saved: '/farm/{}/0001.png'",
        "Read blend: /farm/{}.blend",
        "Fra:1 Mem:11.16M (Peak 11.16M) | Time:00:00.00 | Shot {}, ViewLayer | Sample 1/16",
        "00:03.732  render           | Saved: '/farm/{}/0001.png'",
    ],
)
def test_a_name_says_nothing_whatever_it_says(line, name):
    found = told(line.format(name))
    assert found is None or found.severity is Severity.EXPLAINS


FAILS, WARNS, EXPLAINS = Severity.FAILS, Severity.WARNS, Severity.EXPLAINS


@pytest.mark.parametrize(
    ("line", "severity", "kind", "words"),
    [
        (
            "00:03.732  cycles           | ERROR CUDA error: Launch failed in cuLaunchKernel",
            FAILS,
            "gpu-lost",
            "the GPU failed: CUDA error: Launch failed in cuLaunchKernel",
        ),
        (
            "00:03.732  gpu.vulkan       | ERROR vkQueueSubmit: VK_ERROR_DEVICE_LOST",
            FAILS,
            "gpu-lost",
            "the GPU failed: vkQueueSubmit: VK_ERROR_DEVICE_LOST",
        ),
        (
            "Fra:1 Mem:9M | Time:00:00.00 | Scene, ViewLayer | Out of memory in cuMemAlloc(&p, n)",
            FAILS,
            "gpu-out-of-memory",
            "the GPU is out of memory",
        ),
        (
            "Warning: Unrecognized file format '/a/hero.blend'",
            FAILS,
            "missing-library",
            (
                "the library /a/hero.blend is no .blend file; if it is a pointer of Git LFS, "
                "run 'git lfs pull'"
            ),
        ),
        (
            "Can't find scene: 'No Such' in file: '/a/b.blend'",
            FAILS,
            "missing-scene",
            "the file has no scene 'No Such'",
        ),
        ("Error: Cannot render, no camera", FAILS, "no-camera", "the scene has no camera"),
        (
            'No camera found in scene "A" (and compositing of other scenes)',
            FAILS,
            "no-camera",
            "the scene has no camera",
        ),
        (
            "Info: Cannot find lib '/a/hero.blend'",
            FAILS,
            "missing-library",
            "missing library /a/hero.blend",
        ),
        (
            "00:03.732  cycles  | ERROR Image file '/a/b.png' does not exist.",
            WARNS,
            "missing-file",
            "missing file /a/b.png",
        ),
        (
            "00:06.503  cycles  | WARNING Image file /a/b.png does not exist.",
            WARNS,
            "missing-file",
            "missing file /a/b.png",
        ),
        (
            "Warning: File written by newer Blender binary (500.119), expect loss of data!",
            WARNS,
            "newer-file",
            "the file was saved by a newer Blender than this Worker's",
        ),
        (
            "Error: File format is not supported in file '/a/b.blend'",
            FAILS,
            "unreadable-file",
            "Blender cannot read /a/b.blend",
        ),
        (
            "Error: Failed to read blend file '/x/a.blend', not a blend file",
            FAILS,
            "unreadable-file",
            "Blender cannot read /x/a.blend",
        ),
        (
            "Error: Loading \"/a\" failed: Failed to read blend file '/a.blend': No DNA block",
            FAILS,
            "unreadable-file",
            "Blender cannot read /a.blend",
        ),
        (
            "Error: Cannot read file '/a/b.blend'",
            EXPLAINS,
            "missing-file",
            "cannot read /a/b.blend",
        ),
        (
            "Out of memory in cuStreamCreate(x)",
            FAILS,
            "gpu-out-of-memory",
            "the GPU is out of memory",
        ),
        (
            "CUDA error: Illegal address in cuCtxSynchronize(), line 1474",
            FAILS,
            "gpu-lost",
            "the GPU failed: CUDA error: Illegal address in cuCtxSynchronize(), line 1474",
        ),
        (
            "Unable to open a display",
            FAILS,
            "no-display",
            "the render engine needs a display, and this Worker has none",
        ),
        (
            (
                "blender: error while loading shared libraries: libX.so.1: cannot open shared "
                "object file: No such file or directory"
            ),
            EXPLAINS,
            "system-library",
            "the shared library libX.so.1 is not on this Worker's system",
        ),
        (
            "Error: Format from '-F / --render-format' not known or not compiled in this release.",
            FAILS,
            "missing-plugin",
            "this Blender cannot write the format that is asked for",
        ),
        (
            "Error: script failed, expr: 'raise X', exiting.",
            EXPLAINS,
            "script-error",
            "the script raise X failed",
        ),
        (
            "flamenco-warning: missing-file: missing file /a",
            WARNS,
            "missing-file",
            "missing file /a",
        ),
        ("flamenco: no-camera: none", EXPLAINS, "no-camera", "none"),
    ],
)
def test_a_saying_has_a_kind_a_severity_and_words_for_people(line, severity, kind, words):
    found = told(line)
    assert (found.severity, found.reason.kind, found.reason.detail) == (severity, kind, words)


@pytest.mark.parametrize(
    ("on_missing", "library", "file"),
    [
        ("", FAILS, WARNS),
        ("default", FAILS, WARNS),
        ("warn", WARNS, WARNS),
        ("fail", FAILS, FAILS),
    ],
)
def test_the_job_decides_what_missing_files_mean(on_missing, library, file):
    severities = [
        told(f"flamenco-warning: {kind}: missing /a", on_missing).severity
        for kind in ("missing-library", "missing-file")
    ]
    assert severities == [library, file]
    assert told("Error: Cannot read file '/a'", on_missing).severity is EXPLAINS


def test_the_error_of_a_traceback_is_its_last_line():
    tracebacks = Tracebacks()
    for line in ("x", "Error: Python: Traceback (most recent call last):", "  f()", "KeyError: 1"):
        tracebacks.line(line)
    tracebacks.line("Saved: 'x'")
    assert tracebacks.last == "KeyError: 1"
