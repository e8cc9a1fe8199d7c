"""Paths of any platform in job types: `/` and backslash are accepted, `/` is returned.

A job may come from Windows to a Manager on Linux, so the Manager's own path rules would not be
enough (reference job-types §3).
"""

import posixpath


def basename(path: str) -> str:
    """The last part: `b.blend` for `/a/b.blend` and for `/a/b.blend/`."""
    return posixpath.basename(_slashes(path).rstrip("/"))


def dirname(path: str) -> str:
    """All but the last part, `.` if there is nothing else; a leading `//` stays."""
    return posixpath.normpath(posixpath.dirname(_slashes(path)) or ".")


def join(*parts: str) -> str:
    """The parts joined by `/`, without empty ones, and with `.`, `..` and `//` resolved."""
    joined = "/".join(_slashes(part) for part in parts if part)
    return posixpath.normpath(joined) if joined else ""


def stem(path: str) -> str:
    """The last part without its extension: `b` for `/a/b.blend`."""
    return posixpath.splitext(basename(path))[0]


def _slashes(path: str) -> str:
    return path.replace("\\", "/")
