"""Rendered images of any format are read, and what can't be shown is a sentence."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from flamenco.pictures import light
from flamenco.pictures.reading import read
from flamenco.pictures.refusing import NoPicture
from tests.pictures.files import film, write, write_deep

BOX = (600, 338)

CONFIG = """
ocio_profile_version: 2
roles: {scene_linear: light, default: light}
displays: {screen: [!<View> {name: plain, colorspace: halved}]}
active_displays: [screen]
active_views: [plain]
colorspaces:
  - !<ColorSpace> {name: light}
  - !<ColorSpace>
    name: halved
    from_scene_reference: !<MatrixTransform> {matrix: [.5,0,0,0, 0,.5,0,0, 0,0,.5,0, 0,0,0,1]}
"""


def colour(path, box=BOX):
    """The colour in the middle of a picture."""
    picture = read(path, box)
    assert picture.mode == "RGB"
    return picture.getpixel((picture.width // 2, picture.height // 2))


def near(found, expected, tolerance=3):
    return all(abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    "suffix", ["png", "jpg", "tif", "webp", "avif", "jp2", "tga", "bmp", "rgb"]
)
def test_what_blender_writes_with_8_bits_is_read(tmp_path, suffix):
    path = tmp_path / f"frame.{suffix}"
    Image.new("RGB", (32, 16), (200, 100, 50)).save(path, "SGI" if suffix == "rgb" else None)
    assert near(colour(path), (200, 100, 50))


@pytest.mark.parametrize("suffix", ["png", "tif", "dpx"])
def test_sixteen_bits_keep_their_brightness(tmp_path, suffix):
    assert near(colour(write(tmp_path / f"frame.{suffix}", (0.5, 0.25, 0.0))), (128, 64, 0))


@pytest.mark.parametrize("mode", ["png", "tif"])
def test_sixteen_bits_of_grey_keep_their_brightness(tmp_path, mode):
    path = tmp_path / f"grey.{mode}"
    Image.new("I;16", (4, 4), 32768).save(path)
    assert near(colour(path), (128, 128, 128))


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("suffix", ["exr", "hdr", "tif"])
def test_light_is_shown_as_screens_show_it(tmp_path, suffix, kind):
    """18 % of grey is 118 of 255 in sRGB."""
    kind = "half" if suffix == "exr" and kind == "half" else "float"
    assert near(colour(write(tmp_path / f"grey.{suffix}", 0.18, kind=kind)), (118, 118, 118))


@pytest.mark.parametrize(
    ("program", "transfer", "value", "expected"),
    [
        ("Blender", "Linear", 0.5, 128),  # up to 4.5
        ("Blender", "Printing density", 685 / 1023, 243),
        ("Blender", "Printing density", 0.467, 121),
        ("OpenImageIO 3.0.9.1 http://www.openimageio.org", "Linear", 0.18, 118),  # Blender 5
        ("OpenImageIO 3.0.9.1 http://www.openimageio.org", "Printing density", 0.18, 118),
        ("Scanner", "Linear", 0.18, 118),
        ("Scanner", "Logarithmic", 685 / 1023, 243),
        ("Scanner", "Unspecified video", 0.5, 128),
    ],
)
def test_a_dpx_file_is_shown_as_its_program_meant_it(tmp_path, program, transfer, value, expected):
    label = {"dpx:Transfer": transfer, "Software": program}
    path = write(tmp_path / "frame.dpx", value, attributes=label)
    assert near(colour(path), (expected,) * 3)


def test_light_beyond_white_keeps_its_colour_and_does_not_burn_out(tmp_path):
    red, green, blue = colour(write(tmp_path / "sun.exr", (8.0, 4.0, 0.0)))
    assert red > green > blue
    assert 200 < red <= 255
    assert near(colour(write(tmp_path / "nan.exr", float("nan"))), (0, 0, 0))


def test_light_is_shown_in_parts_as_it_is_as_a_whole(tmp_path, monkeypatch):
    across = np.linspace(0, 9, 64, dtype=np.float32)[None, :, None]
    down = np.linspace(0, 1, 48, dtype=np.float32)[:, None, None]
    path = write(tmp_path / "light.exr", across * down, size=(64, 48))
    whole = read(path, BOX)
    monkeypatch.setattr(light, "AT_ONCE", 300)
    assert read(path, BOX) == whole


def test_the_same_light_is_shown_steadily_whatever_is_beside_it(tmp_path):
    sun = np.full((16, 32, 3), 0.5, np.float32)
    sun[0, 0] = 60.0
    paths = [write(tmp_path / "sun.exr", sun), write(tmp_path / "none.exr", 0.5)]
    one, other = (read(each, BOX).getpixel((16, 8)) for each in paths)
    assert one == other
    assert near(one, (188, 188, 188))
    values = [read(write(tmp_path / "x.exr", x), BOX) for x in (0.8, 1, 2, 8)]
    greys = [each.getpixel((0, 0))[0] for each in values]
    assert greys == sorted(set(greys))


@pytest.mark.parametrize("suffix", ["exr", "dpx"])
def test_an_image_of_very_many_pixels_is_averaged_also_for_a_large_box(
    tmp_path, monkeypatch, suffix
):
    path = write(tmp_path / f"large.{suffix}", 0.18, size=(300, 200))
    monkeypatch.setattr(light, "MOST_AT_ONCE", 15_000)
    assert read(path, (8192, 4320)).size == (150, 100)


def test_the_view_of_the_configuration_shows_light(tmp_path, monkeypatch):
    (tmp_path / "config.ocio").write_text(CONFIG)
    monkeypatch.setenv("OCIO", str(tmp_path / "config.ocio"))
    assert near(colour(write(tmp_path / "light.exr", 0.5)), (64, 64, 64))


def test_without_a_readable_configuration_light_is_shown_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("OCIO", str(tmp_path / "config.ocio"))
    assert near(colour(write(tmp_path / "grey.exr", 0.18)), (118, 118, 118))


def test_of_several_layers_the_combined_one_is_shown(tmp_path):
    layers = ("Depth.Z", "View.Diffuse.R", "View.Diffuse.G", "View.Diffuse.B")
    layers += ("View.Combined.R", "View.Combined.G", "View.Combined.B")
    path = write(tmp_path / "layers.exr", (9, 1, 1, 1, 0.18, 0.18, 0.18), layers)
    assert near(colour(path), (118, 118, 118))


@pytest.mark.parametrize("name", ["Y", "V", "Depth.V"])
def test_a_picture_of_one_channel_is_grey(tmp_path, name):
    assert near(colour(write(tmp_path / "y.exr", 0.18, (name,))), (118, 118, 118))


@pytest.mark.parametrize("suffix", ["png", "exr", "tif"])
def test_what_is_transparent_lies_over_black(tmp_path, suffix):
    path = tmp_path / f"alpha.{suffix}"
    if suffix == "exr":
        write(path, (0.18, 0.18, 0.18, 0.2), ("R", "G", "B", "A"))
    else:
        Image.new("RGBA", (32, 16), (255, 255, 255, 64)).save(path)
    grey = 118 if suffix == "exr" else 64
    assert near(colour(path), (grey, grey, grey))


def test_a_part_of_a_frame_is_shown_in_its_place(tmp_path):
    path = write(tmp_path / "part.exr", 0.5, size=(16, 8), x=16, y=8, full_width=64, full_height=32)
    picture = read(path, BOX)
    assert picture.size == (64, 32)
    assert near(picture.getpixel((20, 10)), (188, 188, 188))
    assert picture.getpixel((8, 4)) == picture.getpixel((40, 20)) == (0, 0, 0)


@pytest.mark.parametrize("how", [{}, {"tile_width": 64, "tile_height": 64}], ids=["lines", "tiles"])
def test_large_light_is_averaged_as_it_is_read(tmp_path, how):
    across = np.linspace(0, 1, 3000, dtype=np.float32)[None, :, None] ** 2.2
    path = write(tmp_path / "large.exr", across, size=(3000, 500), **how)
    picture = read(path, (100, 50))
    assert 100 <= picture.width < 200
    for part in (0.25, 0.5, 0.75):
        found = picture.getpixel((int(picture.width * part), picture.height // 2))
        assert near(found, [255 * part] * 3, 6)


def test_a_mislabelled_file_is_read_as_what_it_is(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "frame.exr", "PNG")
    assert colour(tmp_path / "frame.exr") == (255, 0, 0)
    write(tmp_path / "light.exr", 0.18).rename(tmp_path / "light.png")
    assert near(colour(tmp_path / "light.png"), (118, 118, 118))


def header_of_png(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    whole = b"\x89PNG\r\n\x1a\n"
    for kind, content in parts:
        check = zlib.crc32(kind + content)
        whole += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
    return whole


@pytest.mark.parametrize(
    "name", ["film.mp4", "film.mkv", "film.avi", "film.mov", "mislabelled.png"]
)
def test_of_a_movie_the_first_frame_is_shown(tmp_path, name):
    film(tmp_path / "film.mp4" if name.endswith("png") else tmp_path / name)
    if name.endswith("png"):
        (tmp_path / "film.mp4").rename(tmp_path / name)
    assert near(colour(tmp_path / name), (255, 0, 0), 8)


def test_half_a_movie_may_become_whole(tmp_path):
    path = film(tmp_path / "film.mp4")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(NoPicture) as caught:
        read(path, BOX)
    assert caught.value.passing


def test_what_would_take_for_ever_is_refused_in_words(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(header_of_png(100_000, 100_000))
    with pytest.raises(NoPicture, match="100000 x 100000 pixels are too many") as caught:
        read(path, BOX)
    assert not caught.value.passing


def test_what_has_no_colours_is_refused_in_words(tmp_path):
    with pytest.raises(NoPicture, match="deep") as caught:
        read(write_deep(tmp_path / "deep.exr"), BOX)
    assert not caught.value.passing
    with pytest.raises(NoPicture, match=r"no colours, only A\.Z, N\.X"):
        read(write(tmp_path / "depth.exr", 1.0, ("A.Z", "N.X")), BOX)


@pytest.mark.parametrize(
    "name", ["f.png", "f.jpg", "f.tif", "f.webp", "f.avif", "f.jp2", "f.tga", "f.bmp"]
)
def test_half_a_file_may_become_whole(tmp_path, name):
    path = tmp_path / name
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)
    with pytest.raises(NoPicture) as caught:
        read(path, BOX)
    assert caught.value.passing


@pytest.mark.parametrize("name", ["f.exr", "f.hdr", "f.dpx"])
def test_half_a_file_of_light_may_become_whole(tmp_path, name):
    noise = np.random.default_rng(1).random((60, 80, 3), dtype=np.float32)
    path = write(tmp_path / name, noise, size=(80, 60), kind=None if name != "f.hdr" else "float")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)
    with pytest.raises(NoPicture) as caught:
        read(path, BOX)
    assert caught.value.passing


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "gone"), (b"", "empty"), (b"not a picture" * 100, "can't be read")],
)
def test_what_is_no_image_is_a_sentence(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "frame.exr").write_bytes(content)
    with pytest.raises(NoPicture, match=reason) as caught:
        read(tmp_path / "frame.exr", BOX)
    assert caught.value.passing
