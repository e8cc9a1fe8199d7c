# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksums of files, remembered by path, size and time, so that each file is read once."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from threading import Event

from .background import in_threads
from .errors import Aborted, PackFailed
from .remembered import Remembered, stamp

CACHE_NAME = "flamenco-checksums.json"
"""Name of the file in Blender's folder for user configuration."""

_CHUNK, _READERS = 1024 * 1024, 4


def checksums(
    files: Iterable[Path], known: Remembered, abort: Event
) -> dict[Path, tuple[str, int]]:
    """{file: its SHA-256 in hexadecimal, and its size}. Raises PackFailed or Aborted."""
    every = list(files)
    found = in_threads(lambda file: _checksum(file, known, abort), every, _READERS)
    return dict(zip(every, found, strict=True))


def _checksum(file: Path, known: Remembered, abort: Event) -> tuple[str, int]:
    try:
        at = stamp(file.stat())
        text = known.text(file, at)
        if text is None:
            text = _computed(file, abort)
            if stamp(file.stat()) != at:
                raise PackFailed(
                    f"{file} has changed while it was read. Submit again when it is finished"
                )
    except OSError as ex:
        raise PackFailed(f"{file} cannot be read: {ex.strerror}") from ex
    known.keep(file, at, text)
    return text, at[0]


def _computed(file: Path, abort: Event) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as reader:
        while chunk := reader.read(_CHUNK):
            if abort.is_set():
                raise Aborted
            digest.update(chunk)
    return digest.hexdigest()
