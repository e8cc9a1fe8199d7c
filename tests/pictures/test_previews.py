"""Previews of pictures that anybody may send."""

import io
import struct
import zlib
from pathlib import PurePosixPath

import pytest
from PIL import Image

from flamenco.pictures import SIZES, NotAnImage, Previews

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
        await Previews(tmp_path).make(JOB, content)
    assert not list(tmp_path.iterdir())


async def test_a_large_picture_is_told_as_such_before_it_is_decoded(tmp_path):
    with pytest.raises(NotAnImage, match="9000 x 8000 pixels is too large"):
        await Previews(tmp_path).make(JOB, png(width=9000, height=8000))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_a_picture_is_shown_in_all_sizes(tmp_path, kind):
    await Previews(tmp_path).make(JOB, picture(kind, (4000, 1000)))
    for name, size in zip(SIZES, [(1920, 480), (600, 150), (200, 50)], strict=True):
        with Image.open(tmp_path / JOB / name) as shown:
            assert shown.size == size


async def test_no_picture_is_kept_where_the_folder_of_all_pictures_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        await Previews(tmp_path / "unmounted").make(JOB, picture("PNG"))
    assert not list(tmp_path.iterdir())
