"""Sends the newest rendered image to the Manager, beside the task and never in its way.

Reference rules §9: PNG, JPEG and TIFF only, as JPEG of quality 85 in full size, one at a time; of
the images that wait only the newest is sent.
"""

import io
import logging
from pathlib import Path

import attrs
import httpx
import trio
from PIL import Image

from worker.registration import Identity

log = logging.getLogger(__name__)

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})
QUALITY = 85
MOST_BYTES = 25 * 1024 * 1024
"""What the Manager accepts."""
ROUTE = "api/v3/worker/task/{}/output-produced"


@attrs.frozen
class Output:
    """An image a task has written."""

    task_id: str
    path: Path


class Previews:
    """The place where the newest image waits, and its sending."""

    def __init__(self, http: httpx.AsyncClient, identity: Identity) -> None:
        self._http = http
        self._identity = identity
        self._newest: Output | None = None
        self._arrived = trio.Event()

    def offer(self, output: Output) -> None:
        """Let this be the next image to send; one that still waits is dropped."""
        if output.path.suffix.lower() in SUFFIXES:
            self._newest = output
            self._arrived.set()

    async def run(self) -> None:
        """Send images as they come, until cancelled; what goes wrong is only logged."""
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
        body = await trio.to_thread.run_sync(as_jpeg, output.path)
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


def as_jpeg(path: Path) -> bytes:
    """An image file as JPEG. Raises OSError and ValueError if it cannot be read."""
    with Image.open(path) as opened:
        image: Image.Image = opened
        if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip to 8
            image = image.point(lambda value: value / 256).convert("L")
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
