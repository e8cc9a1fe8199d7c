"""Configuration files: read with the lines of their keys, written whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scanner import ScannerError

from flamenco.config.errors import ConfigError
from flamenco.config.schema import outline

_NO_SUCH_VALUE = "what looks like a date or a number is none; put texts in quotes"


def read_yaml(path: Path) -> CommentedMap | None:
    """The file's content, with comments and lines; None when there is no file.

    Raises ConfigError when it cannot be read or is not a YAML mapping.
    """
    text = read_text(path)
    return None if text is None else parse_yaml(text, path)


def read_text(path: Path) -> str | None:
    """The text of the file; None when there is none. Raises ConfigError."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), "expected text in UTF-8") from None


def parse_yaml(text: str, path: Path) -> CommentedMap:
    """What the text of the file ``path`` says. Raises ConfigError, which quotes no value."""
    try:
        content = YAML().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
        raise ConfigError(str(path), f"is not YAML{_mistake(error)}", **place) from None
    except YAMLError as error:
        raise ConfigError(str(path), f"is not YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, KeyError):  # the YAML library lets these through
        raise ConfigError(str(path), f"is not YAML: {_NO_SUCH_VALUE}") from None
    if content is None:
        return CommentedMap()
    if not isinstance(content, CommentedMap):
        raise ConfigError(str(path), f"expected keys and values, found {outline(content)}")
    return content


def _mistake(error: MarkedYAMLError) -> str:
    """What is wrong, unless the words of the YAML library may quote a value, such as a secret."""
    match error:
        case DuplicateKeyError():
            return ": this key is there already"
        case ConstructorError():
            return f": {_NO_SUCH_VALUE}"
        case ScannerError():
            return f": {error.problem}"
    return ""


def merge(into: CommentedMap, old: Mapping[str, object], new: Mapping[str, object]) -> None:
    """Change in ``into`` what differs from ``old`` to ``new``; all else, and comments, stay."""
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


def write_yaml(path: Path, content: Mapping[str, object]) -> None:
    """Put ``content`` in place of the file, readable by its owner only.

    Raises ConfigError when it cannot be written; the old file is then as it was.
    """
    try:
        _replace(path, yaml_of(content))
    except OSError as error:
        raise ConfigError(str(path), f"cannot be written: {error.strerror}") from None


def yaml_of(content: Mapping[str, object]) -> str:
    """``content`` as YAML, with the comments it has."""
    text = StringIO()
    YAML().dump(content, text)
    return text.getvalue()


def _replace(path: Path, text: str) -> None:
    # mkstemp makes the file with mode 0600
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
