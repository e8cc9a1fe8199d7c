"""Sending of the newest rendered image to the Manager, beside the task and never in its way.

Reference rules §9: PNG, JPEG and TIFF, as JPEG of quality 85 in full size, one at a time; of the
images that wait only the newest is sent. New here: OpenEXR, Radiance, and kinds of TIFF that Pillow
cannot read.
"""

import io
import logging
import subprocess
import sys
from pathlib import Path

import attrs
import httpx
import trio
from PIL import Image, UnidentifiedImageError

from flamenco.launcher import open_child
from worker.registration import Identity

log = logging.getLogger(__name__)

TIFF = frozenset({".tif", ".tiff"})
SUFFIXES = TIFF | {".png", ".jpg", ".jpeg"}
LINEAR = frozenset({".exr", ".hdr"})
TONEMAP = (sys.executable, "-P", "-m", "worker.tonemap")
TONEMAP_SECONDS = 60.0
QUALITY = 85
MOST_BYTES = 25 * 1024 * 1024
"""Maximum size of an image that the Manager accepts."""
ROUTE = "api/v3/worker/task/{}/output-produced"


@attrs.frozen
class Output:
    """An image that a task has written."""

    task_id: str
    path: Path


class Previews:
    """The newest image that waits, and its sending."""

    def __init__(self, http: httpx.AsyncClient, identity: Identity) -> None:
        self._http = http
        self._identity = identity
        self._newest: Output | None = None
        self._arrived = trio.Event()

    def offer(self, output: Output) -> None:
        """Make this the next image to send, in place of one that still waits."""
        if output.path.suffix.lower() in SUFFIXES | LINEAR:
            self._newest = output
            self._arrived.set()

    async def run(self) -> None:
        """Send images as they come, until cancelled; errors are only logged."""
        while True:
            await self._arrived.wait()
            self._arrived = trio.Event()
            output, self._newest = self._newest, None
            if output is not None:
                try:
                    await self._send(output)
                except (
                    OSError,
                    ValueError,
                    Image.DecompressionBombError,
                    httpx.HTTPError,
                ) as error:
                    log.warning("No preview of %s: %s", output.path, error or type(error).__name__)

    async def _send(self, output: Output) -> None:
        credentials = self._identity.credentials
        if credentials is None:
            return
        body = await jpeg_of(output.path)
        if len(body) > MOST_BYTES:
            raise ValueError(f"{len(body)} bytes are more than the Manager accepts")
        answer = await self._http.post(
            ROUTE.format(output.task_id),
            content=body,
            headers={"Content-Type": "image/jpeg"},
            auth=(credentials.worker_id, credentials.worker_secret),
        )
        if answer.status_code != httpx.codes.ACCEPTED:
            raise ValueError(f"the Manager answered {answer.status_code}")


async def jpeg_of(path: Path) -> bytes:
    """An image file as JPEG. Raises OSError and ValueError if it cannot be read."""
    if path.suffix.lower() in LINEAR:
        return await map_tones(path)
    try:
        return await trio.to_thread.run_sync(as_jpeg, path, abandon_on_cancel=True)
    except UnidentifiedImageError:
        if path.suffix.lower() not in TIFF:
            raise
        return await map_tones(path)


async def map_tones(path: Path) -> bytes:
    """An image as JPEG, made by a process of its own. Raises ValueError if that fails."""
    picture, complaint = bytearray(), bytearray()

    async def read(stream: trio.abc.ReceiveStream | None, into: bytearray) -> None:
        assert stream is not None  # noqa: S101 - it was asked for
        async for data in stream:
            into += data[: MOST_BYTES + 1 - len(into)]

    with trio.move_on_after(TONEMAP_SECONDS):
        async with (
            open_child(
                [*TONEMAP, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as child,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(read, child.stdout, picture)
            nursery.start_soon(read, child.stderr, complaint)
            status = await child.wait()
        if status == 0:
            return bytes(picture)
        raise ValueError(complaint.decode(errors="replace").strip()[-500:] or f"status {status}")
    raise ValueError(f"it takes more than {TONEMAP_SECONDS:.0f} s")


def as_jpeg(path: Path) -> bytes:
    """An image file as JPEG. Raises OSError and ValueError if it cannot be read."""
    with Image.open(path) as opened:
        image: Image.Image = opened
        if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip to 8
            image = image.point(lambda value: value / 256).convert("L")
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
