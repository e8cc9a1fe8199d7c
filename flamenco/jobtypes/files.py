"""Files of job types: finding scripts, and noticing their changes."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from flamenco.model.bounds import Number

BUILTIN = Path(__file__).with_name("builtin")
SUFFIXES = (".py", ".js")

Stamp = tuple[Number, Number]
"""Time of a file's last change, in nanoseconds, and its size: a difference means a change."""

Files = Mapping[Path, Stamp | None]
"""Files of a job type; None stands for a file that was looked for and does not exist."""


def stamp(path: Path) -> Stamp | None:
    """The stamp of a file; None if there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def unchanged(files: Files) -> bool:
    """True if all files are as they were."""
    return all(stamp(path) == known for path, known in files.items())


def all_stamps(folder: Path) -> Files:
    """The stamps of all files and folders that could be part of a script in ``folder``."""
    return {
        Path(where, name): stamp(Path(where, name))
        for where, folders, names in _walk(folder)
        for name in ["", *names]
        if not name or name.endswith((*SUFFIXES, ".json"))
    }


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for where, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each != "__pycache__"]
        yield where, folders, names


def script_name(path: Path) -> str:
    """The name of the job type that a script defines."""
    return path.stem.replace("_", "-")


def find_scripts(scripts: Path | None) -> dict[str, tuple[Path, ...]]:
    """The scripts of all job types by name; those in ``scripts`` override the built-in ones.

    More than one script for a name is a mistake, which is reported later. A file whose name begins
    with `_` is a module for scripts, not a job type; nor is a JavaScript file that mentions neither
    `JOB_TYPE` nor `compileJob`.
    """
    found = _scripts_in(BUILTIN)
    if scripts is not None:
        found |= _scripts_in(scripts.absolute())
    return dict(sorted(found.items()))


def _scripts_in(folder: Path) -> dict[str, tuple[Path, ...]]:
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _is_script(path):
            name = script_name(path)
            found[name] = (*found.get(name, ()), path)
    return found


def _is_script(path: Path) -> bool:
    if path.suffix not in SUFFIXES or path.name.startswith(("_", ".")) or not path.is_file():
        return False
    return path.suffix == ".py" or _speaks_of_a_job_type(path)


def _speaks_of_a_job_type(path: Path) -> bool:
    try:
        text = path.read_bytes()
    except OSError:
        return True  # running it will tell what is wrong
    return b"JOB_TYPE" in text or b"compileJob" in text
