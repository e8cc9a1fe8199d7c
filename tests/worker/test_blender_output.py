"""Blender's output, and the Worker's reading of it."""

import pytest

from worker.blender_output import Appended, NoEngine, Rendering, Saved, Skipped, Timed, parse

MIB = 1024**2


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("Saved: '/farm/000001.png'", Saved("/farm/000001.png")),
        ("Saved: '/farm/it's.png'", Saved("/farm/it's.png")),
        ("00:03.271  render           | Saved: 'C:\\a.exr'", Saved("C:\\a.exr")),
        ("Time: 00:00.03 (Saving: 00:00.00)", Timed()),
        (" Time: 00:00.37 (Saving: 00:00.31)", Timed()),
        ("00:03.271  render           | Time: 00:02.01 (Saving: 00:00.06)", Timed()),
        ('skipping existing frame "/farm/000001.png"', Skipped()),
        ('Skipping existing frame "/farm/000001.png"', Skipped()),
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
            Skipped(),
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
        ("Saved: /farm/glow_0003.png", Saved("/farm/glow_0003.png", by_node=True)),
        ("Saved: C:\\farm\\glow_0003.png", Saved("C:\\farm\\glow_0003.png", by_node=True)),
        ("Append frame 3", Appended()),
        ("00:00.394  render           | Video append frame 1", Appended()),
        ("Time: unknown", None),
        ("", None),
    ],
)
def test_blenders_lines_are_understood(line, meaning):
    assert parse(line) == meaning


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/farm/v2/000012.png", "000012"),
        ("C:\\v2\\shot_0012_L.exr", "0012"),
        ("/farm/0012_cam2.exr", "0012 2"),
        ("/farm/12/image.jp2", ""),
    ],
)
def test_the_number_of_a_saved_frame_is_in_its_name(path, number):
    assert Saved(path).number == number


@pytest.mark.parametrize(
    ("path", "view"),
    [("/farm/0000_L.png", "L"), ("/farm/0012.png", ""), ("/farm/image_L.png", "")],
)
def test_the_view_stands_behind_the_number_also_of_frame_0(path, view):
    assert Saved(path).view == view


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("/farm/passes/glow_0003.png", "passes/glow"),
        ("C:\\farm\\v2\\beauty-0003_L.exr", "v2/beauty_L"),
        ("/farm/Depth/0003.exr", "Depth/"),
        ("C:\\glow_0003.png", "/glow"),
    ],
)
def test_another_output_of_a_frame_is_called_by_its_folder_and_name(path, output):
    assert Saved(path).output == output
