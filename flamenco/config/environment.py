"""Environment variables that override a configuration file: ``PREFIX__SECTION__KEY``.

A key is written in capital letters, `__` leads into a section. A secret may be in a file that
``PREFIX__KEY_FILE`` names, as container runtimes hand secrets out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flamenco.config.errors import ConfigError, together
from flamenco.config.files import MOST_VALUES, NOT_YAML, unfolded
from flamenco.config.schema import SECRET, Entry, Where, entries_of

C = TypeVar("C")

MANAGER, WORKER = "FLAMENCO_MANAGER", "FLAMENCO_WORKER"
"""Prefixes of the two programs."""
FILE = "_FILE"


@attrs.frozen
class Override:
    """A value that overrules the file."""

    origin: str
    """Environment variable, or file with its line."""
    keys: tuple[str, ...]
    """Its key in the configuration, from the top."""
    fields: tuple[str, ...]
    value: Any


def overrides_of(cls: type, prefix: str, environment: Mapping[str, str]) -> list[Override]:
    """Values that the environment sets of a configuration class. Raises ConfigError with all."""
    found, errors = [], []
    for variable in sorted(environment):
        if variable.startswith(f"{prefix}__"):
            try:
                found.append(_override(cls, prefix, variable, environment[variable]))
            except ConfigError as error:
                errors.append(error)
    if errors:
        raise together(errors)
    return found


def overridden(config: C, found: list[Override]) -> C:
    """A configuration with the values that overrule it, of which later ones win."""
    for each in found:
        config = _changed(config, each.fields, each.value)
    return config


def _override(cls: type, prefix: str, variable: str, text: str) -> Override:
    where = Where("environment", (variable,))
    words = variable.removeprefix(prefix).split("__")[1:]
    path = list(_path(cls, words))
    if len(path) < len(words) and words[-1].endswith(FILE):
        path = list(_path(cls, [*words[:-1], words[-1].removesuffix(FILE)]))
        if len(path) == len(words) and path[-1].kind is SECRET:
            text = _content(Path(text), where)
        else:
            path = []
    if len(path) < len(words) or path[-1].section is not None:
        raise where.error("is no key of the configuration; write sections as SECTION__KEY")
    return Override(
        variable,
        tuple(each.key for each in path),
        tuple(each.field for each in path),
        _value(path[-1], text, where),
    )


def _path(cls: type | None, words: list[str]) -> Iterator[Entry]:
    """The entries that words lead to, as far as there are such."""
    for word in words:
        entries = entries_of(cls) if cls is not None else ()
        entry = next((each for each in entries if each.key.upper() == word), None)
        if entry is None:
            return
        yield entry
        cls = entry.section


def _value(entry: Entry, text: str, where: Where) -> object:
    """The value of a text, taken as it is if it can be, else as YAML."""
    try:
        return entry.kind.read(text, where)
    except ConfigError:
        try:
            value = YAML(typ="safe", pure=True).load(text)
        except (YAMLError, *NOT_YAML):
            raise where.error("is not YAML") from None
        if unfolded(value) > MOST_VALUES:
            raise where.error(f"unfolds to more than {MOST_VALUES} values") from None
        return entry.kind.read(value, where)


def _content(path: Path, where: Where) -> str:
    try:
        return path.read_text("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "expected text in UTF-8"
        raise where.error(f"{path}: {reason}") from None


def _changed(config: C, fields: tuple[str, ...], value: object) -> C:
    name, *inner = fields
    if inner:
        value = _changed(getattr(config, name), tuple(inner), value)
    return attrs.evolve(config, **{name: value})  # type: ignore[misc]
