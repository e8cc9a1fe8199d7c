"""A Shaman on an empty folder, and files to send."""

import hashlib
import os
from pathlib import Path

import attrs
import pytest

from flamenco.shaman import CheckoutFile, FileKey, Received, Shaman


def key_of(content: bytes) -> FileKey:
    return FileKey(hashlib.sha256(content).hexdigest(), len(content))


def reader(*pieces: bytes):
    """Reads these pieces, one after the other."""
    rest = iter(pieces)

    async def read() -> bytes:
        return next(rest, b"")

    return read


async def store(shaman: Shaman, content: bytes, path: str = "file") -> CheckoutFile:
    assert await shaman.receive(key_of(content), reader(content)) is Received.STORED
    return CheckoutFile(key_of(content), path)


@attrs.define
class Noted:
    """Records of checkouts, in memory."""

    paths: set[str] = attrs.field(factory=set)

    async def add(self, path: str) -> None:
        self.paths.add(path)

    async def bind(self, path: str, key: str) -> None:
        raise AssertionError

    async def remove(self, path: str) -> None:
        self.paths.remove(path)

    async def inside(self, path: str) -> list[str]:
        return [each for each in self.paths if each.startswith(f"{path}/")]


async def checkout(shaman: Shaman, path: str, files: list[CheckoutFile]) -> str:
    return await shaman.checkout(path, files, Noted())


def everything(folder) -> list[str]:
    """All files, links and folders below a folder."""
    return sorted(
        str(Path(place, name).relative_to(folder))
        for place, folders, files in os.walk(folder)  # bears that what it finds goes meanwhile
        for name in (*folders, *files)
    )


@pytest.fixture
def shaman(tmp_path):
    return Shaman(tmp_path)
