"""The output of a program that is asked for something, if it answers in time."""

import logging
import subprocess
from collections.abc import Sequence

import trio

from flamenco.launcher import open_child
from worker.process import program_environment

log = logging.getLogger(__name__)

LIMIT_SECONDS = 60.0
"""Seconds after which a program that has not answered is ended."""
GRACE_SECONDS = 0.5
MOST_BYTES = 1024 * 1024


async def output_of(command: Sequence[str]) -> str | None:
    """A program's output; None if it is missing, fails, or is slower than `LIMIT_SECONDS`."""
    output = bytearray()
    status = None
    try:
        with trio.move_on_after(LIMIT_SECONDS) as limit:
            async with open_child(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=program_environment(),
                grace=GRACE_SECONDS,
            ) as child:
                assert child.stdout is not None  # noqa: S101 - it was asked for
                async for data in child.stdout:
                    output += data[: MOST_BYTES - len(output)]
                status = await child.wait()
    except OSError as error:
        log.debug("%s cannot be run: %s", command[0], error)
        return None
    if limit.cancelled_caught:
        log.warning("%s did not answer within %.0f s", command[0], LIMIT_SECONDS)
    return output.decode("utf-8", errors="replace") if status == 0 else None
