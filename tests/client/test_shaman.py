"""Files are sent to Shaman and checked out through both clients, over a real socket."""

import hashlib
from functools import partial

import pytest
import trio

from flamenco.api.shaman import ShamanFileSpec
from flamenco.client import (
    BadRequest,
    Busy,
    MissingFiles,
    SentElsewhere,
    WrongFile,
    open_client,
    open_sync_client,
)
from flamenco.config.manager import ManagerConfig, ShamanConfig
from tests.patience import until
from tests.web.conftest import edge_at

CONTENT = bytes(range(256)) * 4096
"""More than is sent at once."""
NOT_HEX = "nonsense"


@pytest.fixture
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("project") / "Szene ä.blend"
    path.write_bytes(CONTENT)
    return path


def spec(path: str) -> ShamanFileSpec:
    return ShamanFileSpec(sha=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT), path=path)


async def test_a_file_is_sent_once_and_checked_out(edge, client, file):
    wanted = spec("scene.blend")
    (missing,) = await client.files_to_send(wanted, spec("copy.blend"))
    assert (missing.path, missing.status) == ("scene.blend", "unknown")
    with pytest.raises(MissingFiles, match="not been sent"):
        await client.check_out("job", wanted)
    for _ in range(2):
        await client.send_file(wanted.sha, wanted.size, file)
    assert await client.file_status(wanted.sha, wanted.size) == "stored"
    assert await client.files_to_send(wanted) == ()
    assert await client.check_out("job", wanted) == "job"
    assert (edge.storage / "shared" / "jobs" / "job" / "scene.blend").read_bytes() == CONTENT


async def test_a_program_that_waits_sends_files_too(edge, file):
    def sent() -> str:
        with open_sync_client(edge.url) as client:
            wanted = spec("scene.blend")
            client.send_file(wanted.sha, wanted.size, file)
            return client.check_out("job", wanted)

    assert await trio.to_thread.run_sync(sent) == "job"


async def test_what_is_not_the_announced_file_is_refused(edge, client, file):
    wanted = spec("x")
    with pytest.raises(WrongFile):
        await client.send_file("a" * 64, wanted.size, file)
    for size in (1, wanted.size + 1):
        with pytest.raises(WrongFile):
            await client.send_file(wanted.sha, size, file)
    with pytest.raises(BadRequest, match="checksum"):
        await client.send_file(NOT_HEX, wanted.size, file)

    def waits() -> None:
        with open_sync_client(edge.url) as same:
            same.send_file("a" * 64, 1, file)

    with pytest.raises(WrongFile):
        await trio.to_thread.run_sync(waits)


async def test_a_file_that_cannot_be_read_is_an_error_of_the_system(client, tmp_path):
    with pytest.raises(FileNotFoundError):
        await client.send_file("a" * 64, 1, tmp_path / "gone")


async def test_a_file_that_somebody_else_sends_can_wait(edge, client, file):
    wanted = spec("x")
    head = f"POST /api/v3/shaman/files/{wanted.sha}/{wanted.size} HTTP/1.1\r\nHost: localhost\r\n"
    port = int(edge.url.rpartition(":")[2])
    async with await trio.open_tcp_stream("127.0.0.1", port) as other:
        await other.send_all(f"{head}Content-Length: {wanted.size}\r\n\r\n".encode())

        async def begun() -> bool:
            return await client.file_status(wanted.sha, wanted.size) == "uploading"

        await until(begun)
        with pytest.raises(SentElsewhere):
            await client.send_file(wanted.sha, wanted.size, file, may_wait=True)
        await client.send_file(wanted.sha, wanted.size, file)


async def test_without_shaman_all_of_it_is_refused(tmp_path, file):
    off = ManagerConfig(shaman=ShamanConfig(enabled=False))
    async with edge_at(tmp_path, off) as edge, open_client(edge.url) as client:
        for ask in (
            client.files_to_send,
            partial(client.file_status, "a" * 64, 1),
            partial(client.send_file, "a" * 64, 1, file),
            partial(client.check_out, "job"),
        ):
            with pytest.raises(Busy, match="Shaman"):
                await ask()
