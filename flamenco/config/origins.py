"""Each value of a configuration with the place where it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
from ruamel.yaml.comments import CommentedMap

from flamenco.config.environment import Override
from flamenco.config.schema import Where, entries_of

DEFAULT = "default"


@attrs.frozen
class Setting:
    """A value, as a file writes it, under its keys from the top."""

    keys: tuple[str, ...]
    value: Any
    origin: str
    """`default`, `line 3`, `file` if the line is not known, or what overrules it."""

    @property
    def key(self) -> str:
        return ".".join(self.keys)


def settings_of(
    config: object, content: CommentedMap | None = None, overrides: Sequence[Override] = ()
) -> list[Setting]:
    """All values of a configuration, which a file's content and what overrules it were read for."""
    elsewhere = {each.keys: each.origin for each in overrides}
    return [
        Setting(keys, value, elsewhere.get(keys) or _line_of(content, keys))
        for keys, value in _values(config)
    ]


def _values(config: object, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for entry in entries_of(type(config)):
        value, keys = getattr(config, entry.field), (*above, entry.key)
        if entry.section is not None:
            yield from _values(value, keys)
        else:
            yield keys, entry.kind.write(value)


def _line_of(content: CommentedMap | None, keys: tuple[str, ...]) -> str:
    section: object = content
    for key in keys[:-1]:
        section = section.get(key) if isinstance(section, Mapping) else None
    if isinstance(section, CommentedMap) and section.get(keys[-1]) is not None:
        line = Where("").at(section, keys[-1]).line
        return "file" if line is None else f"line {line}"
    return DEFAULT
