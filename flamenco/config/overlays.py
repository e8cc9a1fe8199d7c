"""Read-only files that overrule the configuration of a program, for many machines at once.

They are written as its own file is, with the keys that they set and no others. Later ones win.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from flamenco.config.environment import Override
from flamenco.config.errors import ConfigError, together
from flamenco.config.files import read_yaml
from flamenco.config.schema import Where, entries_of, read_whole

_ENDINGS = frozenset({".yaml", ".yml"})
_OF_THE_FILE = "_meta"


def overlays_of(cls: type, places: Iterable[Path]) -> list[Override]:
    """The values of files, and of those in folders by their names. Raises ConfigError with all."""
    found, errors = list[Override](), list[ConfigError]()
    for place in places:
        try:
            for file in _files(place):
                found += _values_of(cls, file)
        except ConfigError as error:
            errors += error.all
    if errors:
        raise together(errors)
    return found


def _files(place: Path) -> list[Path]:
    try:
        if place.is_dir():
            return sorted(each for each in place.iterdir() if each.suffix in _ENDINGS)
    except OSError as error:
        raise ConfigError(str(place), f"cannot be read: {error.strerror}") from None
    return [place]


def _values_of(cls: type, file: Path) -> Iterator[Override]:
    content = read_yaml(file)
    if content is None:
        raise ConfigError(str(file), "there is no such file")
    return _named(read_whole(cls, content, Where(str(file))), content, Where(str(file)))


def _named(
    config: object, content: Mapping[str, object], where: Where, fields: tuple[str, ...] = ()
) -> Iterator[Override]:
    """The values of a section that the file names."""
    for entry in entries_of(type(config)):
        if entry.key not in content or entry.key == _OF_THE_FILE:
            continue
        place, inner = where.at(content, entry.key), (*fields, entry.field)
        value, named = getattr(config, entry.field), content[entry.key]
        if entry.section is None:
            line = "" if place.line is None else f", line {place.line}"
            yield Override(f"{place.file}{line}", place.keys, inner, value)
        elif isinstance(named, Mapping):
            yield from _named(value, named, place, inner)
