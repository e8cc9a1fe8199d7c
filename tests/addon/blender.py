"""A real Blender with the add-on installed from its zip, apart from the user's own Blender.

    blender = InstalledBlender.install(find_blender(), addon_zip, folder)
    run = blender.run("finish({'version': bpy.app.version_string})", blendfile=...)

Reusable with any Manager: ``use_manager(url)`` in a script sets its address.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

ADDON = Path(__file__).parents[2] / "addon" / "flamenco"

TIMEOUT = 240
"""Seconds that one run of Blender may take."""

_RESULT = "FLAMENCO-TEST-RESULT "

# Runs before every script.
_PRELUDE = f"""
import bpy, json

def finish(result):
    print({_RESULT!r} + json.dumps(result), flush=True)

def use_manager(url):
    if "flamenco" not in bpy.context.preferences.addons:  # Blender as a module reads none
        bpy.ops.preferences.addon_enable(module="flamenco")
        if bpy.data.filepath:
            bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    bpy.context.preferences.addons["flamenco"].preferences.manager_url = url
"""

_INSTALL = """
import sys
zip_path = sys.argv[sys.argv.index("--") + 1]
bpy.ops.preferences.addon_install(filepath=zip_path, overwrite=True)
bpy.ops.preferences.addon_enable(module="flamenco")
bpy.ops.wm.save_userpref()
finish("flamenco" in bpy.context.preferences.addons)
"""


def find_blender() -> str:
    """Path of the Blender to test with; without one skips the test, and in CI fails it."""
    found = shutil.which("blender")
    if found is None:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("Blender is not on PATH; on Debian: apt install blender")
    return found


def zip_addon(folder: Path) -> Path:
    """Zip the add-on's sources as they are released: one top folder, ``flamenco/``."""
    target = folder / "flamenco-addon.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(ADDON.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, Path("flamenco", file.relative_to(ADDON)))
    return target


@attrs.frozen
class Run:
    """The end of one run of Blender."""

    status: int
    output: str
    """Standard output and error."""
    result: Any
    """Value that the script passed to ``finish``; None if it did not get there."""


@attrs.frozen
class InstalledBlender:
    """A Blender whose settings, with the add-on in them, are all below one folder."""

    executable: str
    resources: Path
    beside: dict[str, str] = attrs.Factory(dict)
    """Environment variables beside those that it needs."""

    @classmethod
    def install(cls, executable: str, addon_zip: Path, folder: Path) -> "InstalledBlender":
        """Install and enable the add-on as an artist does, into the new folder `folder`."""
        folder.mkdir(parents=True)
        blender = cls(executable, folder)
        run = blender.run(_INSTALL, "--", str(addon_zip))
        assert run.result is True, run.output
        return blender

    def copy(self, folder: Path) -> "InstalledBlender":
        """The same with settings of its own, so that tests do not see each other's."""
        shutil.copytree(self.resources, folder)
        return InstalledBlender(self.executable, folder)

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for a process of this Blender.

        Debian's Blender takes the first `python3` on PATH for its own; it is to be the one that
        artists have.
        """
        environment = {**os.environ, "BLENDER_USER_RESOURCES": str(self.resources)}
        own = Path(sys.prefix)
        folders = environment["PATH"].split(os.pathsep)
        environment["PATH"] = os.pathsep.join(
            folder for folder in folders if not Path(folder).is_relative_to(own)
        )
        environment.pop("VIRTUAL_ENV", None)
        return environment | self.beside

    def run(
        self,
        script: str,
        *arguments: str,
        blendfile: Path | None = None,
        display: str | None = None,
    ) -> Run:
        """Run a Python script; it can call ``finish`` and ``use_manager``.

        In the background, unless `display` names an X display: then with a window, and until the
        script quits Blender. A script that raises makes the status 7.
        """
        path = self.resources / "script.py"
        path.write_text(_PRELUDE + script, "utf-8")
        environment = self.environment
        mode = ["--background"]
        if display is not None:
            environment["DISPLAY"] = display
            mode = ["--window-geometry", "0", "0", "1280", "1024", "--enable-event-simulate"]
        opened = [] if blendfile is None else [str(blendfile)]
        options = ["--python-exit-code", "7", "--python", str(path)]
        ended = subprocess.run(
            [self.executable, *mode, *opened, *options, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        results = [line for line in ended.stdout.splitlines() if line.startswith(_RESULT)]
        result = json.loads(results[-1].removeprefix(_RESULT)) if results else None
        return Run(ended.returncode, ended.stdout, result)


@contextmanager
def virtual_display() -> Iterator[str]:
    """An X display nobody sees; skips the test where there is no Xvfb."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not on PATH; on Debian: apt install xvfb")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x1024x24"]
    with (
        os.fdopen(reader) as numbers,
        subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as server,
    ):
        os.close(writer)
        try:
            yield f":{int(numbers.readline())}"
        finally:
            server.terminate()
