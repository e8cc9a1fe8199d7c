"""Question to `worker.decoding`, from inside Blender: which pictures decode to their end."""

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

SECONDS_EACH = 30.0
"""Time that a picture has to decode; libraries hang on some broken ones."""
MOST_STARTS = 10
"""Maximum number of starts of the program, which hangs or breaks on some pictures."""


def whole(paths: "Sequence[Path]", python: str) -> "set[Path]":
    """Those of some pictures that decode, as a process of the Worker's Python tells.

    What it has not told within the time is rendered again.
    """
    found: set[Path] = set()
    for _ in range(MOST_STARTS):
        told = _told(paths, python) if paths else []
        found.update(path for path, is_whole in zip(paths, told) if is_whole)  # noqa: B905 - 3.9
        paths = paths[len(told) + 1 :]
    return found


def _told(paths: "Sequence[Path]", python: str) -> "list[bool]":
    """Whether each decodes, up to the first one that the program hangs or breaks on."""
    told: list[bool] = []
    try:
        with subprocess.Popen(
            [python, "-P", "-m", "worker.decoding"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdin is not None  # noqa: S101 - it was asked for
            assert child.stdout is not None  # noqa: S101 - it was asked for
            try:
                child.stdin.write(b"\0".join(map(os.fsencode, paths)))
                child.stdin.close()
                while len(told) < len(paths):
                    limit = threading.Timer(SECONDS_EACH, child.kill)
                    limit.start()
                    line = child.stdout.readline()
                    limit.cancel()
                    if not line:
                        break
                    answer = line.split()
                    if answer[:1] == [b"%d" % len(told)]:
                        told.append(answer[1:] == [b"whole"])
            finally:
                child.kill()
    except OSError:  # a Blender that may start no programs
        pass
    return told
