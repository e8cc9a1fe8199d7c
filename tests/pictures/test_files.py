"""Previews of pictures that anybody may send."""

import io
import struct
import zlib
from pathlib import PurePosixPath

import pytest
from PIL import Image

from flamenco.pictures.files import NotAnImage, PictureFiles

JOB = PurePosixPath("job-1234/1234")


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(*chunks: tuple[bytes, bytes], width=1, height=1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\0rgb")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def picture(kind: str, size=(40, 20)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "teal").save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        picture("PNG")[:60],
        picture("JPEG")[:60],
        picture("BMP"),
        png((b"tRNS", b"x")),
        png((b"zTXt", b"key\0\0" + zlib.compress(bytes(2**24)))),
        png(width=9000, height=8000),
    ],
    ids=["nothing", "half", "half JPEG", "no PNG nor JPEG", "broken", "bomb", "too large"],
)
async def test_what_can_not_be_shown_is_refused_in_one_way(tmp_path, content):
    with pytest.raises(NotAnImage, match="picture"):
        await PictureFiles(tmp_path).decode(content)


async def test_a_large_picture_is_told_as_such_before_it_is_decoded(tmp_path):
    with pytest.raises(NotAnImage, match="9000 x 8000 pixels is too large"):
        await PictureFiles(tmp_path).decode(png(width=9000, height=8000))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_a_picture_is_shown_in_all_sizes(tmp_path, kind):
    files = PictureFiles(tmp_path)
    pictures = await files.decode(picture(kind, (4000, 1000)))
    await files.show(JOB, {kind: made.content for kind, made in pictures.items()})
    sizes = {}
    for path in (tmp_path / JOB).iterdir():
        with Image.open(path) as shown:
            sizes[path.name] = shown.size
    assert sizes == {
        "last-rendered.jpg": (1920, 480),
        "last-rendered-small.jpg": (600, 150),
        "last-rendered-tiny.jpg": (200, 50),
    }


async def test_a_large_jpeg_is_scaled_down_as_it_is_read(tmp_path):
    pictures = await PictureFiles(tmp_path).decode(picture("JPEG", (16_384, 4400)))
    assert (pictures["newest"].width, pictures["newest"].height) == (1920, 516)


async def test_no_picture_is_kept_where_the_folder_of_all_pictures_is_missing(tmp_path):
    files = PictureFiles(tmp_path / "unmounted")
    pictures = {"newest": b"1", "large": b"2", "small": b"3"}
    with pytest.raises(FileNotFoundError):
        await files.show(JOB, pictures)
    with pytest.raises(FileNotFoundError):
        await files.keep(JOB, "name", pictures)
    assert not list(tmp_path.iterdir())
