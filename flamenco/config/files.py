"""Configuration files: read with their keys' lines, written as a whole or not at all."""

import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from glob import escape
from io import StringIO
from itertools import accumulate, pairwise
from math import inf
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scanner import ScannerError

from flamenco.config.errors import ConfigError
from flamenco.config.schema import outline
from flamenco.disks import sync_folder

MOST_TEXT, DEEPEST = 2**20, 100
"""Maximum characters, and brackets in brackets, which take the YAML library very long."""
MOST_VALUES = 100_000
"""Maximum number of values, when aliases are unfolded: to print them is enough to hang on."""
NOT_YAML = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""Errors that the YAML library lets through."""
KEPT = 10
"""Number of earlier versions that are kept of a file."""
_BEGUN = ".begun"
_NO_SUCH_VALUE = "something looks like a date or a number but isn't; put texts in quotes"


def read_yaml(path: Path) -> CommentedMap | None:
    """The file's content, with comments and lines; None if there is no file.

    Raises ConfigError if it cannot be read or is not a YAML mapping.
    """
    text = read_text(path)
    return None if text is None else parse_yaml(text, path)


def read_text(path: Path) -> str | None:
    """The text of the file; None if there is no file. Raises ConfigError."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), "expected text in UTF-8") from None


def parse_yaml(text: str, path: Path) -> CommentedMap:
    """The content of the text of the file ``path``. Raises ConfigError, which quotes no value."""
    if len(text) > MOST_TEXT:
        raise ConfigError(str(path), f"is longer than {MOST_TEXT // 1024} KiB")
    if _depth(text) > DEEPEST:
        raise ConfigError(str(path), f"has more than {DEEPEST} brackets in brackets")
    try:
        content = YAML().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
        raise ConfigError(str(path), f"is not YAML{_mistake(error)}", **place) from None
    except YAMLError as error:
        raise ConfigError(str(path), f"is not YAML: {str(error).splitlines()[0]}") from None
    except NOT_YAML:
        raise ConfigError(str(path), f"is not YAML: {_NO_SUCH_VALUE}") from None
    if content is None:
        return CommentedMap()
    if not isinstance(content, CommentedMap):
        raise ConfigError(str(path), f"expected keys and values, found {outline(content)}")
    if unfolded(content) > MOST_VALUES:
        raise ConfigError(str(path), f"its aliases unfold to more than {MOST_VALUES} values")
    return content


def unfolded(content: object) -> float:
    """Number of values that content is when all its aliases are unfolded; one in itself: endless.

    Each list and section is counted once, however many aliases lead to it.
    """
    counted: dict[int, float] = {}

    def count(value: object) -> float:
        if not isinstance(value, Mapping | list | tuple | set):
            return 1
        if id(value) not in counted:
            counted[id(value)] = inf
            inner = [*value, *value.values()] if isinstance(value, Mapping) else value
            counted[id(value)] = 1 + sum(map(count, inner))
        return counted[id(value)]

    try:
        return count(content)
    except RecursionError:
        return inf


def _depth(text: str) -> int:
    """The greatest number of brackets and braces that are open at once."""
    steps = (1 if each in "[{" else -1 for each in text if each in "[{]}")
    return max(accumulate(steps), default=0)


def _mistake(error: MarkedYAMLError) -> str:
    """The mistake, unless the YAML library's words might quote a value such as a secret."""
    match error:
        case DuplicateKeyError():
            return ": this key is already there"
        case ConstructorError():
            return f": {_NO_SUCH_VALUE}"
        case ScannerError():
            return f": {error.problem}"
    return ""


def merge(into: CommentedMap, old: Mapping[str, object], new: Mapping[str, object]) -> None:
    """Apply the differences between ``old`` and ``new`` to ``into``; the rest and comments stay."""
    for key in old.keys() - new.keys():
        into.pop(key, None)
    for key, value in new.items():
        before = old.get(key)
        if value == before:
            continue
        inner = into.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if not isinstance(inner, CommentedMap):
                inner = into[key] = CommentedMap()
            merge(inner, before, value)
        else:
            into[key] = value


def write_yaml(path: Path, content: Mapping[str, object], *, keep: bool = False) -> None:
    """Replace the file by ``content``: a new one is readable by its owner only.

    With ``keep``, what it was is kept beside it, as ``NAME.1``, and earlier ones to ``NAME.10``.

    A file that is there keeps its mode and owner, and a symbolic link to it leads to the new one.
    Raises ConfigError if it cannot be written; the old file then stays as it was.
    """
    try:
        _replace(path.resolve(), yaml_of(content), keep)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(str(path), f"cannot be written: {reason}") from None


def _keep_previous(path: Path) -> None:
    """Keep the file as it is now. What can't be kept does not stand in the way of a change."""
    with suppress(OSError):
        kept = [previous(path, number) for number in range(KEPT, 0, -1)]
        copy = path.with_name(f".{path.name}-{os.getpid()}{_BEGUN}")
        copy.unlink(missing_ok=True)
        try:
            copy.hardlink_to(path)
        except FileNotFoundError:
            return
        except OSError:  # a file system without hard links
            copy.touch(mode=0o600)
            copy.write_bytes(path.read_bytes())
        for older, newer in pairwise(kept):
            with suppress(FileNotFoundError):
                newer.replace(older)
        copy.replace(kept[-1])


def previous(path: Path, number: int) -> Path:
    """The file as it was before the change that is the ``number``-th from the last."""
    return path.with_name(f"{path.name}.{number}")


def sweep(path: Path) -> None:
    """Delete what writing the file left behind in a process that was killed.

    For the start of the only process that writes it. What can't be deleted stays.
    """
    with suppress(OSError, RuntimeError):
        real = path.resolve()
        for left in real.parent.glob(f".{escape(real.name)}-*{_BEGUN}"):
            with suppress(OSError):
                left.unlink()


def yaml_of(content: Mapping[str, object]) -> str:
    """``content`` as YAML, with its comments."""
    text = StringIO()
    YAML().dump(content, text)
    return text.getvalue()


def _replace(path: Path, text: str, keep: bool) -> None:
    # mkstemp creates the file with mode 0600
    descriptor, name = tempfile.mkstemp(_BEGUN, f".{path.name}-", path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            with suppress(FileNotFoundError):
                _take_after(descriptor, path.stat())
            os.fsync(descriptor)
        if keep:
            _keep_previous(path)
        Path(name).replace(path)
        sync_folder(path.parent)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _take_after(descriptor: int, old: os.stat_result) -> None:
    """Give a file the owner and the mode of an old one, where the platform has them.

    Who may not give files away keeps its own as the owner, and the group too if it is not in it.
    """
    if sys.platform == "win32":
        return
    for owner, group in ((-1, old.st_gid), (old.st_uid, -1)):
        with suppress(PermissionError):
            os.fchown(descriptor, owner, group)
    mode = stat.S_IMODE(old.st_mode)
    if os.fstat(descriptor).st_gid != old.st_gid:
        mode &= ~stat.S_IRWXG
    os.fchmod(descriptor, mode)
