"""Checks of a folder for use as the shared storage, and of a program for being Blender."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs
import trio

from flamenco.api.meta import BlenderPathCheckResult, BlenderPathSource, PathCheckResult
from flamenco.config.associations import blender_of_files
from flamenco.launcher import open_child

BLENDER_SECONDS = 10.0
"""Maximum seconds for Blender to print its version (reference api §4)."""

FOUND = "Found"
"""Sentence about a Blender that was not started, so that its version is not known."""

_UNC = ("\\\\", "//")
_NAMED_BLENDER = re.compile(r"blender[\w.-]*", re.IGNORECASE)
_OUTPUT_BYTES = 65_536
_PROBE = "Fläche — 面 — площадь\n"


async def check_storage(path: str, own: Sequence[Path]) -> PathCheckResult:
    """A check of a folder for use as the shared storage; the Manager's ``own`` folders fail it."""
    cause = await trio.to_thread.run_sync(_storage_fault, path, own)
    return PathCheckResult(
        path=path, is_usable=cause is None, cause=cause or "This folder can be used."
    )


def _storage_fault(path: str, own: Sequence[Path]) -> str | None:
    """The first thing that is wrong with a folder; None if it can be used."""
    if not path.strip():
        return "No path was given."
    if path.startswith(_UNC):
        return "UNC paths can't be used: give the network drive a letter."
    try:
        folder = Path(path).absolute()
        if not folder.exists():
            return "There is no such folder."
        if not folder.is_dir():
            return "This is not a folder."
        if folder.resolve() in [each.resolve() for each in own]:
            return "This is the Manager's own folder: choose another one."
        _write_in(folder)
    except (OSError, ValueError, UnicodeError) as error:
        return f"It can't be used: {getattr(error, 'strerror', None) or error}."
    return None


def _write_in(folder: Path) -> None:
    with tempfile.NamedTemporaryFile(
        "w+", encoding="utf-8", dir=folder, prefix="flamenco-writability-test-", suffix=".txt"
    ) as probe:
        probe.write(_PROBE)
        probe.flush()
        probe.seek(0)
        if probe.read() != _PROBE:
            raise OSError("what was written is not what is read")


async def find_blender() -> list[BlenderPathCheckResult]:
    """The Blenders of this machine: the program for blend files, and the one on the PATH.

    They are not started.
    """
    found = []
    associated = await trio.to_thread.run_sync(blender_of_files)
    if associated:
        found.append(_usable("", associated, BlenderPathSource.FILE_ASSOCIATION, FOUND))
    on_path = await trio.to_thread.run_sync(shutil.which, "blender")
    if on_path:
        found.append(_usable("blender", on_path, BlenderPathSource.PATH_ENVVAR, FOUND))
    return found


async def look_at_blender(text: str, shared: Path | None) -> BlenderPathCheckResult:
    """A look at what a path, or a command on the PATH, is. Nothing is started.

    Only programs that are called Blender are looked at, and none in the ``shared`` storage, where
    tasks may write.
    """
    command = text.strip().strip('"')
    is_plain = Path(command).name == command
    source = BlenderPathSource.PATH_ENVVAR if is_plain else BlenderPathSource.INPUT_PATH
    if not command:
        return _unusable(text, source, "No path was given.")
    if command.startswith(_UNC):
        return _unusable(text, source, "Programs on the network are not checked.")
    if not _NAMED_BLENDER.fullmatch(Path(command).name):
        return _unusable(text, source, "It is not called Blender.")
    cause = None
    try:
        found = await trio.to_thread.run_sync(shutil.which, command)
        if found is None:
            cause = "There is no such program."
        elif shared is not None and await trio.to_thread.run_sync(_lies_in, found, shared):
            cause = "It lies in the shared storage, where tasks may change it."
    except (ValueError, OSError) as error:
        cause = f"This is not a path: {error}."
    if cause is not None or found is None:
        return _unusable(text, source, cause or "")
    return _usable(text, found, source, FOUND)


def _lies_in(program: str, folder: Path) -> bool:
    """True if a program, or what it is a link to, lies in a folder."""
    top = folder.resolve()
    return any(top in path.parents for path in (Path(program).absolute(), Path(program).resolve()))


async def run_blender(found: BlenderPathCheckResult) -> BlenderPathCheckResult:
    """A check that a program that was looked at tells the version of a Blender."""
    try:
        said, status = await _version(found.path)
    except OSError as error:
        return _unusable(found.input, found.source, f"It can't be run: {error.strerror}.")
    except trio.TooSlowError:
        late = f"It did not end within {BLENDER_SECONDS:g} seconds."
        return _unusable(found.input, found.source, late)
    first = next((line for line in said.splitlines() if line.startswith("Blender ")), "")
    if status or not first:
        return _unusable(found.input, found.source, "It is not Blender: it prints no version.")
    return attrs.evolve(found, cause=f"Found {first}")


async def _version(program: str) -> tuple[str, int]:
    """A program's words on its version, and its exit status. Raises OSError, TooSlowError."""
    said = bytearray()
    with trio.fail_after(BLENDER_SECONDS):
        async with open_child(
            [program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, grace=0.5
        ) as child:
            output = child.stdout
            while output is not None and (more := await output.receive_some()):
                said += more[: _OUTPUT_BYTES - len(said)]
            status = await child.wait()
    return said.decode(errors="replace"), status


def _usable(
    text: str, program: str, source: BlenderPathSource, version: str
) -> BlenderPathCheckResult:
    path = str(Path(program).absolute())
    return BlenderPathCheckResult(
        input=text, path=path, source=source, is_usable=True, cause=version
    )


def _unusable(text: str, source: BlenderPathSource, cause: str) -> BlenderPathCheckResult:
    return BlenderPathCheckResult(input=text, path="", source=source, is_usable=False, cause=cause)
