r"""Long paths of Windows. Without `\\?\` before it, no path may have more than 259 characters."""

import os
from pathlib import Path, PureWindowsPath

MOST = 230
"""Characters that need no prefix; Blender still adds an eye and an extension to a frame's name."""


def extended(path: PureWindowsPath) -> str:
    r"""A path as Windows takes it at any length: `\\?\C:\…`, `\\?\UNC\SERVER\share\…`.

    What is short stays as it is, since not every program knows the prefix (Microsoft, "Maximum Path
    Length Limitation").
    """
    text = str(path)
    if len(text) <= MOST or not path.is_absolute() or text.startswith("\\\\?\\"):
        return text
    return "\\\\?\\UNC" + text[1:] if text.startswith("\\\\") else "\\\\?\\" + text


def reachable(path: Path) -> Path:
    """The same path, for this system."""
    return Path(extended(PureWindowsPath(path))) if os.name == "nt" else path
