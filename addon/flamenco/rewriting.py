# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewriting of paths in copies of blend files, by a Blender of its own in the background."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from .errors import Aborted, PackFailed
from .plan import PackPlan

SCRIPT = Path(__file__).with_name("rewriter.py")
"""Script that the other Blender runs."""

_LOOK = 0.1
"""Seconds between looks if the user has aborted."""


def rewrite(
    plan: PackPlan, blender: Sequence[str], scratch: Path, abort: Event
) -> dict[Path, Path]:
    """The copies that were made, in the folder `scratch`: {blend file: its copy}.

    Files in which nothing has to change get none. Raises PackFailed or Aborted.
    """
    if not plan.rewritten:
        return {}
    copies = {file: scratch / f"{number}.blend" for number, file in enumerate(plan.rewritten)}
    asked = {
        "files": [
            [str(file), plan.place_of(file).as_posix(), str(copy)] for file, copy in copies.items()
        ],
        "output": plan.output,
        "targets": {str(path): place.as_posix() for path, place in plan.targets.items()},
    }
    request, log = scratch / "request.json", scratch / "log.txt"
    request.write_text(json.dumps(asked), "utf-8")
    try:
        _run([*blender, "--", str(request)], log, abort)
    except OSError as ex:
        raise PackFailed(f"Blender cannot be started to rewrite paths: {ex}") from ex
    return {file: copy for file, copy in copies.items() if copy.exists()}


def _run(command: Sequence[str], log: Path, abort: Event) -> None:
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        while process.poll() is None:
            if abort.wait(_LOOK):
                process.kill()
                raise Aborted
    if process.returncode:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
        raise PackFailed(f"Paths cannot be rewritten in a copy of the file: {' '.join(lines[-3:])}")
