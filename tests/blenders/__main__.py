"""Makes Blenders of other versions for tests, of their `bpy` wheels: python -m tests.blenders 4.2

For each version it makes an environment in a folder that all checkouts share, unless that is
there, and a `blender` of this checkout; it prints the folder of the latter, to be put in front on
the PATH:

    PATH="$(python -m tests.blenders 5.0):$PATH" pytest tests/worker/commands -m slow
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

SHIM = Path(__file__).with_name("shim.py")
MADE = Path(__file__).with_name("made")
"""Where this checkout's own `blender` of each version lies: it names this checkout's shim."""
WHEELS = {"4.2": "3.11", "4.5": "3.11", "5.0": "3.11", "5.2": "3.13"}
"""Python that the wheels of each version need."""


def make(version: str, folder: Path) -> Path:
    """Make the environment of a version and its `blender`; returns the folder of the latter."""
    python = bring(version, folder / version)
    shim = MADE / version / "blender"
    shim.parent.mkdir(parents=True, exist_ok=True)
    shim.write_text(f'#!/bin/sh\nexec "{python}" "{SHIM}" "$@"\n', "utf-8")
    shim.chmod(0o755)
    return shim.parent


def bring(version: str, place: Path) -> Path:
    """Bring the wheel of a version into an environment of its own; returns its Python."""
    python, whole = place / "bin" / "python", place / "whole"
    if not whole.exists():
        run = ["uv", "venv", "--quiet", "--clear", "--python", WHEELS[version], str(place)]
        subprocess.run(run, check=True)
        install = ["uv", "pip", "install", "--quiet", "--python", str(python)]
        subprocess.run([*install, f"bpy=={version}.*"], check=True)
        whole.touch()
    return python


def main() -> None:
    """Make those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.blenders")
    parser.add_argument("versions", nargs="+", choices=WHEELS)
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "flamenco-blenders"
    parser.add_argument("--folder", type=Path, default=default)
    asked = parser.parse_args()
    folders = [str(make(version, asked.folder.resolve())) for version in asked.versions]
    sys.stdout.write(os.pathsep.join(folders) + "\n")


if __name__ == "__main__":
    main()
