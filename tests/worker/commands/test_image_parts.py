"""Parts of an image, as small OpenEXR files, joined by the Worker."""

import re

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

from tests.worker.commands.shop import Bench
from worker.command import CommandFailed

CHANNELS = ("L.Combined.R", "L.Combined.A", "L.CryptoObject00.r", "L.Depth.Z", "L.IndexOB.X")


def write(path, pixels, channels=CHANNELS):
    height, width, count = pixels.shape
    spec = oiio.ImageSpec(width, height, count, oiio.FLOAT)
    spec.channelnames = channels
    spec.attribute("cycles.L.samples", "8")
    spec.attribute("BlenderMultiChannel", "yes")
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), output.geterror()
    output.write_image(pixels)
    output.close()
    return str(path)


def read(path):
    opened = oiio.ImageInput.open(str(path))
    spec = opened.spec()
    pixels = np.asarray(opened.read_image(oiio.FLOAT)).reshape(spec.height, spec.width, -1)
    opened.close()
    return spec, pixels


@pytest.fixture
def noise():
    """Pixels of which no two are alike."""

    def make(height, width):
        values = np.arange(height * width * len(CHANNELS), dtype=np.float32)
        return np.random.default_rng(7).permutation(values).reshape(height, width, -1)

    return make


async def failure(**parameters):
    bench = Bench()
    with pytest.raises(CommandFailed) as caught:
        await bench.run("join-image-parts", **parameters)
    return "\n".join([str(caught.value), *bench.lines])


async def test_tiles_of_uneven_sizes_are_put_together_whatever_the_lines(noise, tmp_path):
    image = noise(150, 9)
    rows, columns = [(0, 70), (70, 71), (71, 150)], [(0, 4), (4, 9)]
    parts = [
        write(tmp_path / f"{top}-{left}.exr", image[top:bottom, left:right])
        for top, bottom in rows
        for left, right in columns
    ]
    output = tmp_path / "new" / "whole.exr"
    bench = await Bench().run(
        "join-image-parts", parts=parts, output=str(output), frame=12, columns=2
    )
    spec, pixels = read(output)
    assert np.array_equal(pixels, image)
    assert (spec.full_width, spec.full_height) == (9, 150)
    assert spec.get_string_attribute("BlenderMultiChannel") == "yes"
    assert spec.get_string_attribute("cycles.L.samples") == "8"
    assert (bench.images, bench.frames) == ([str(output)], [(12, "")])
    assert [each.name for each in output.parent.iterdir()] == ["whole.exr"]


async def test_samples_are_averaged_by_their_number_and_identities_kept(noise, tmp_path):
    one, other = noise(3, 5), noise(3, 5) + 100
    parts = [write(tmp_path / "1.exr", one), write(tmp_path / "2.exr", other)]
    output = tmp_path / "whole.exr"
    await Bench().run("join-image-parts", parts=parts, output=str(output), samples=[1, 3])
    spec, pixels = read(output)
    at = {name: place for place, name in enumerate(spec.channelnames)}
    given = dict(zip(CHANNELS, np.moveaxis(one, -1, 0), strict=True))
    added = dict(zip(CHANNELS, np.moveaxis(other, -1, 0), strict=True))
    for name in CHANNELS:
        mixed = "Combined" in name
        expected = given[name] * 0.25 + added[name] * 0.75 if mixed else given[name]
        assert np.allclose(pixels[..., at[name]], expected, rtol=1e-6), name
    assert spec.get_string_attribute("cycles.L.samples") == "4"


async def test_an_image_is_replaced_whole_or_not_at_all(noise, tmp_path):
    output = tmp_path / "whole.exr"
    output.write_text("the one before")
    parts = [write(tmp_path / "1.exr", noise(3, 5)), str(tmp_path / "gone.exr")]
    text = await failure(parts=parts, output=str(output), columns=1)
    assert re.search("code 1: cannot read .*gone.exr.*; requeue the task that renders it", text)
    assert output.read_text() == "the one before"
    assert {each.name for each in tmp_path.iterdir()} == {"1.exr", "whole.exr"}


@pytest.mark.parametrize("height", [3, 4])
async def test_parts_that_do_not_fit_are_named(noise, tmp_path, height):
    channels = CHANNELS if height == 4 else ("L.Other.X", *CHANNELS[1:])
    parts = [
        write(tmp_path / "1.exr", noise(3, 5)),
        write(tmp_path / "2.exr", noise(height, 5), channels),
    ]
    text = await failure(parts=parts, output=str(tmp_path / "w.exr"), samples=[1, 1])
    assert f"2.exr has {'another size' if height == 4 else 'other passes'} than" in text


@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        ({}, "samples"),
        ({"samples": [1]}, "samples"),
        ({"samples": [1, 0]}, "samples"),
        ({"columns": 3}, "columns"),
        ({"columns": -1}, "columns"),
    ],
)
async def test_how_they_are_joined_must_be_said(how, wrong):
    text = await failure(parts=["/a.exr", "/b.exr"], output="/c.exr", **how)
    assert text.startswith(f'join-image-parts: parameter "{wrong}" has invalid value')
