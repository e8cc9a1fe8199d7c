"""Tokens by which Managers know who asks, kept for the programs of one person.

They stand in a file that only this person may read, one for each Manager.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from flamenco.config.files import read_yaml, write_yaml

VARIABLE = "FLAMENCO_TOKEN"
"""Environment variable with a token, which counts for every Manager."""


def tokens_file(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The file of tokens, in the platform's folder for a person's configuration."""
    home = Path.home()
    if platform == "win32":
        folder = Path(environment.get("APPDATA") or home / "AppData" / "Roaming") / "Flamenco"
    elif platform == "darwin":
        folder = home / "Library" / "Application Support" / "Flamenco"
    else:
        folder = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "flamenco"
    return folder / "tokens.yaml"


def own_token(origin: str) -> str:
    """The token for the Manager at an origin such as ``http://manager:8080``; empty without one.

    Raises ConfigError.
    """
    return os.environ.get(VARIABLE) or _kept().get(origin, "")


def keep_token(origin: str, token: str | None) -> None:
    """Keep the token for the Manager at an origin, or forget it. Raises ConfigError, OSError."""
    file, kept = tokens_file(os.environ), _kept()
    kept.pop(origin, None)
    if token is not None:
        kept[origin] = token
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_yaml(file, kept)


def _kept() -> dict[str, str]:
    content: Mapping[str, object] = read_yaml(tokens_file(os.environ)) or {}
    return {str(origin): str(token) for origin, token in content.items()}
