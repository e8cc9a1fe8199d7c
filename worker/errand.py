"""The errand of a task to a Blender, new or open."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

ASKED = "FLAMENCO_ASKED"
STAY = "FLAMENCO_STAY"
"""Variables with what our scripts in Blender are asked for, and how it may stay, both as JSON."""


@attrs.frozen(kw_only=True)
class Errand:
    """Frames to render, and the Blender that can do it."""

    job: str
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    asked: Mapping[str, object]
    """Facts of this task for our scripts."""
    missing: str
    """Advice for a machine without such a program."""

    def environment(self) -> dict[str, str]:
        """Environment variables of a new Blender."""
        return {**self.env, ASKED: json.dumps(self.asked)}

    def key(self) -> tuple[object, ...]:
        """All that an open Blender must have in common with it to go on with it. Blocks."""
        program = shutil.which(self.command[0]) or self.command[0]
        try:
            found = Path(program).stat()
        except OSError:
            return (object(),)  # is equal to nothing
        mark = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        return (self.job, tuple(self.command), frozenset(self.env.items()), self.cwd, mark)
