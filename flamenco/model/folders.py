"""Names of folders made of names that people chose: of a job, worker, scene or view."""

import re

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|{}]')
"""Separators and what Windows forbids; braces, which Blender and Flamenco read as variables."""
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")
"""Devices of Windows, with any extension."""
MOST_BYTES = 200
"""File systems take 255; a program may add something."""


def folder_name(text: str) -> str:
    """One folder, on every platform, and never one above: `_` stands for what can't be in it."""
    name = _FORBIDDEN.sub("_", text).strip(" ")
    name = name.encode(errors="replace")[:MOST_BYTES].decode(errors="ignore").rstrip(" .")
    return f"_{name}" if not name or _RESERVED.match(name) else name
