"""The program that makes pictures: small ones, of anything, and it may break."""

import io
import sys

import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from flamenco.pictures import making
from flamenco.pictures.kinds import KINDS, THUMBNAILS
from flamenco.pictures.making import open_maker
from flamenco.pictures.refusing import NoPicture
from tests.pictures.files import write

EVERYTHING = ("newest", *THUMBNAILS)


def noise(path, size):
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, compress_level=1)
    return path


@pytest.mark.parametrize(
    ("size", "large", "small"),
    [
        ((1920, 1080), (600, 338), (199, 112)),
        ((1080, 1920), (190, 338), (63, 112)),
        ((600, 338), (600, 338), (199, 112)),
        ((7, 5), (7, 5), (7, 5)),
        ((4000, 10), (600, 2), (200, 1)),
    ],
)
async def test_pictures_are_small_even_of_noise(tmp_path, size, large, small):
    async with open_maker() as maker:
        pictures = await maker.make(noise(tmp_path / "noise.png", size), EVERYTHING)
    assert (pictures["large"].width, pictures["large"].height) == large
    assert (pictures["small"].width, pictures["small"].height) == small
    for name, made in pictures.items():
        assert len(made.content) <= KINDS[name].most
        with Image.open(io.BytesIO(made.content)) as shown:
            assert (shown.format, shown.size) == ("JPEG", (made.width, made.height))


async def test_only_what_is_asked_for_is_made(tmp_path):
    async with open_maker() as maker:
        pictures = await maker.make(noise(tmp_path / "noise.png", (64, 64)), THUMBNAILS)
    assert set(pictures) == set(THUMBNAILS)


async def test_what_can_not_be_shown_does_not_break_what_follows(tmp_path):
    (tmp_path / "bad.exr").write_bytes(b"\x76\x2f\x31\x01" + b"bad" * 1000)
    async with open_maker() as maker:
        with pytest.raises(NoPicture, match="can't be read"):
            await maker.make(tmp_path / "bad.exr", THUMBNAILS)
        assert await maker.make(write(tmp_path / "good.exr", 0.5), THUMBNAILS)
        assert not maker.is_broken


def program(lines):
    return (sys.executable, "-c", f"from flamenco.pictures import maker\n{lines}\nmaker.main()")


BROKEN = {
    "status 3": "import sys; sys.exit(3)",
    "status 152": "maker.SECONDS = 0",  # 128 + SIGXCPU
    "no answer for 1 s": "import time; time.sleep(99)",
    "status 0": "print('what?'); sys.exit()",
}


@pytest.mark.parametrize(("reason", "lines"), BROKEN.items(), ids=BROKEN)
async def test_a_program_that_breaks_is_a_sentence(tmp_path, monkeypatch, reason, lines):
    monkeypatch.setattr(making, "PROGRAM", program(f"import sys\n{lines}"))
    monkeypatch.setattr(making, "SECONDS", 1.0 if "answer" in reason else 60.0)
    async with open_maker() as maker:
        with pytest.raises(NoPicture, match=reason):
            await maker.make(noise(tmp_path / "noise.png", (3000, 3000)), EVERYTHING)
        assert maker.is_broken


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
async def test_memory_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "PROGRAM", program("maker.MEMORY = 150 * 2**20"))
    async with open_maker() as maker:
        with pytest.raises(NoPicture, match="more memory"):
            await maker.make(noise(tmp_path / "noise.png", (6000, 6000)), THUMBNAILS)
        assert await maker.make(noise(tmp_path / "small.png", (60, 60)), THUMBNAILS)


@pytest.mark.slow
async def test_a_large_still_is_scaled_down(tmp_path):
    path, across = tmp_path / "still.exr", np.linspace(0, 1, 16_384, dtype=np.float32)
    spec = OpenImageIO.ImageSpec(16_384, 11_000, 1, "half")
    spec.channelnames = ("Y",)
    spec.attribute("compression", "none")
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    for top in range(0, 11_000, 1000):
        assert out.write_scanlines(top, top + 1000, 0, np.tile(across[:, None], (1000, 1, 1)))
    out.close()
    async with open_maker() as maker:
        pictures = await maker.make(path, EVERYTHING)
    assert (pictures["large"].width, pictures["large"].height) in ((503, 338), (504, 338))
    with Image.open(io.BytesIO(pictures["large"].content)) as shown:
        assert shown.getpixel((5, 100))[0] < 60
        assert shown.getpixel((497, 100))[0] > 225


@pytest.mark.slow
async def test_a_large_still_of_noise_is_scaled_down(tmp_path):
    async with open_maker() as maker:
        path = noise(tmp_path / "noise.png", (6500, 6500))
        pictures = await maker.make(path, EVERYTHING)
    assert (pictures["newest"].width, pictures["newest"].height) == (1080, 1080)
