"""What Blender prints, and what the Worker makes of it."""

import pytest

from worker.blender_output import NoEngine, Rendering, Saved, Step, parse, trouble

MIB = 1024**2


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("Saved: '/farm/000001.png'", Saved("/farm/000001.png")),
        ("Saved: '/farm/it's.png'", Saved("/farm/it's.png")),
        ("00:03.271  render           | Saved: 'C:\\a.exr'", Saved("C:\\a.exr")),
        ("Time: 00:00.03 (Saving: 00:00.00)", Step()),
        (" Time: 00:00.37 (Saving: 00:00.31)", Step()),
        ("00:03.271  render           | Time: 00:02.01 (Saving: 00:00.06)", Step()),
        ('skipping existing frame "/farm/000001.png"', Step()),
        ('Skipping existing frame "/farm/000001.png"', Step()),
        (
            "Fra:12 Mem:9.04M (Peak 10.5M) | Time:00:00.02 | Syncing Camera",
            Rendering(12, peak_memory=int(10.5 * MIB)),
        ),
        (
            "Fra:1 Mem:17.8M (Peak 2.00G) | Mem:8.67M, Peak:8.67M | Scene | Sample 3/128",
            Rendering(1, 3, 128, 2048 * MIB),
        ),
        (
            "00:03.1  render           | Fra: 7 | Remaining: 00:00.83 | Sample 3/4",
            Rendering(7, 3, 4),
        ),
        (
            "00:03.1  render           | Fra: 7 | Mem:81M, Peak: 92M | Scene | Sample 3/4",
            Rendering(7, 3, 4, 92 * MIB),
        ),
        (
            "Fra:2 Mem:8.4M (Peak 8.5M) | Remaining:0:00 | Mem:1M, Peak:2M | Scene | Sample 1/4",
            Rendering(2, 1, 4, int(8.5 * MIB)),
        ),
        (
            '00:04.6  render           | Skipping existing frame "/farm/000001.png"',
            Step(),
        ),
        (
            "00:03.1  render           | Fra:7 | Remaining:00:00.83 | Sample 3/4",
            Rendering(7, 3, 4),
        ),
        ("Fra:1 Mem:42M (Peak 43M) | Rendering 26 / 64 samples", Rendering(1, 26, 64, 43 * MIB)),
        (
            "Error: Engine 'LUX' not available for scene 'Shot' (an add-on may need to be …)",
            NoEngine("LUX", "Shot"),
        ),
        ("I once Saved: 'a file'", None),
        ("Time: unknown", None),
        ("", None),
    ],
)
def test_blenders_lines_are_understood(line, meaning):
    assert parse(line) == meaning


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
    found = trouble(line)
    assert (found and found.kind, found and found.detail) == (kind, reason)
