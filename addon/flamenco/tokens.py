# SPDX-License-Identifier: GPL-3.0-or-later
"""API tokens of Managers, kept by the system's keyring, or else in a file for the user only.

They are never in a .blend, nor in Blender's own preferences. A keyring may ask the user to unlock
it, so the functions that reach it belong in a background thread.
"""

import importlib
import json
import os
from pathlib import Path
from threading import Lock
from types import ModuleType

FILE_NAME = "flamenco-tokens.json"
"""Name of the file in Blender's folder for user configuration."""

_SERVICE = "Flamenco"
_known: dict[str, str] = {}
"""{address of a Manager: token}, as far as it was asked for."""
_lock = Lock()


def known(url: str) -> str:
    """The token for a Manager if it was read, or set, in this session; else empty."""
    return _known.get(url, "")


def of(url: str, folder: Path) -> str:
    """The token for a Manager, empty if there is none."""
    with _lock:
        if url not in _known:
            keyring = _keyring()
            kept = _ask(keyring, url) if keyring else None
            # One that was entered while the keyring was asked counts.
            _known.setdefault(url, kept or _read(folder).get(url, ""))
        return _known[url]


def know(url: str, token: str) -> None:
    """Use this token for a Manager, without keeping it."""
    _known[url] = token


def keep(url: str, token: str, folder: Path) -> None:
    """Keep the token for a Manager; an empty one is forgotten. Raises OSError."""
    with _lock:
        keyring = _keyring()
        in_file = "" if keyring and _give(keyring, url, token) else token
        before = _read(folder)
        after = {one: kept for one, kept in {**before, url: in_file}.items() if kept}
        if after != before:
            _write(folder, after)


def _keyring() -> ModuleType | None:
    """The Python package of this name, if Blender's Python has it and it reaches a keyring."""
    try:
        keyring = importlib.import_module("keyring")
        return keyring if keyring.get_keyring().priority >= 1 else None
    except Exception:  # noqa: BLE001 - it fails in ways of the system's own
        return None


def _ask(keyring: ModuleType, url: str) -> str | None:
    try:
        return keyring.get_password(_SERVICE, url)
    except Exception as ex:  # noqa: BLE001 - as above
        print(f"Flamenco: the keyring does not give the API token: {ex}")
        return None


def _give(keyring: ModuleType, url: str, token: str) -> bool:
    try:
        if token:
            keyring.set_password(_SERVICE, url, token)
        elif _ask(keyring, url) is not None:
            keyring.delete_password(_SERVICE, url)
    except Exception as ex:  # noqa: BLE001 - as above
        print(f"Flamenco: the keyring does not take the API token: {ex}")
        return False
    return True


def _read(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / FILE_NAME).read_text("utf-8"))
        return {str(url): str(token) for url, token in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _write(folder: Path, tokens: dict[str, str]) -> None:
    temporary = folder / f"{FILE_NAME}.{os.getpid()}~"
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(tokens, file, indent=1)
    temporary.replace(folder / FILE_NAME)
