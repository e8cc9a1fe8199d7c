# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of files between sessions, in a JSON file that may be lost at any time."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

KEPT_DAYS = 60
"""Days for which something is remembered that is not used any more."""

_DAY = 86400
_SETTLED_NS = 2_000_000_000
"""Age of a file whose time tells whether it has changed since, on any file system."""

Stamp = tuple[int, int]
"""Size of a file, and the time of its last change in nanoseconds."""


def stamp(about: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return about.st_size, about.st_mtime_ns


class Remembered:
    """Texts, each of which is valid as long as a file has a stamp."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._today = int(time.time() // _DAY)
        self._known: dict[str, list[Any]] = {}
        """{file: the parts of its stamp, the text, and the day when it was last used}."""
        # Without the file, or with one of another kind, nothing is known.
        with suppress(OSError, ValueError, TypeError):
            found = dict(json.loads(path.read_text("utf-8")))
            self._known = {file: one for file, one in found.items() if _is_entry(one)}

    def text(self, file: Path, at: Stamp) -> str | None:
        """The memory of a file with this stamp."""
        match self._known.get(str(file)):
            case [size, changed, text, _] if (size, changed) == at:
                return str(text)
        return None

    def keep(self, file: Path, at: Stamp, text: str) -> None:
        """Remember it, unless the file is so new that its time may not tell a further change."""
        if time.time_ns() - at[1] > _SETTLED_NS:
            self._known[str(file)] = [*at, text, self._today]

    def forget(self, file: Path) -> None:
        """Remember nothing of it any more."""
        self._known.pop(str(file), None)

    def save(self) -> None:
        """Replace the file in one step. If the disk is full that costs time later, nothing else."""
        oldest = self._today - KEPT_DAYS
        kept = {file: one for file, one in self._known.items() if one[-1] >= oldest}
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}~")
        try:
            temporary.write_text(json.dumps(kept), "utf-8")
            temporary.replace(self._path)
        except OSError as ex:
            print(f"Flamenco: {temporary}: {ex}")


def _is_entry(value: object) -> bool:
    match value:
        case [int(_), int(_), str(_), int(_)]:
            return True
    return False
