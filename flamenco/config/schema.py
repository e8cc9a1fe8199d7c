"""Configuration classes described by their fields: one table for reading, checking and writing.

A configuration is an attrs class. Each field's type says how its value is read and written (`Text`,
`Duration`, any `Annotated[..., Kind]`, or another such class for a section of the file), and
`Annotated[..., Key("name")]` gives it another key than the field's name.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import attrs
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from flamenco.config.durations import format_duration, parse_duration
from flamenco.config.errors import ConfigError, together
from flamenco.model.bounds import LARGEST, LONGEST_LINE, LONGEST_QUOTED, cut

C = TypeVar("C")

_UNWRITABLE = re.compile(
    r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    r"\U00010000-\U0010ffff]"
)
"""Characters that YAML does not return as they were written."""

MOST_ERRORS = 100
"""Number of errors of a configuration after which it is not read on."""

Warn = Callable[[str], object]
"""Function that takes a warning of something in a file that is left out."""


def ignore(warning: str) -> None:
    """Leave a warning unheard, where the same file was read before."""


@attrs.frozen
class Where:
    """A place in a configuration: file, line (from 1, if known) and keys from the top."""

    file: str
    keys: tuple[str, ...] = ()
    line: int | None = None
    warn: Warn | None = None
    """Function for warnings; None if what can be done without is an error too."""
    found: list[ConfigError] | None = None
    """Errors so far; None if the first one ends the reading."""

    def at(self, parent: object, key: str | int) -> "Where":
        """The place of ``key`` in ``parent``, the mapping or list at this place."""
        line = self.line
        with suppress(LookupError, TypeError):  # merged keys and ordered maps have none
            if isinstance(parent, CommentedMap) and key in parent:
                line = parent.lc.key(key)[0] + 1
            elif isinstance(parent, CommentedSeq):
                line = parent.lc.item(key)[0] + 1
        name = f"[{key}]" if isinstance(key, int) else key
        return attrs.evolve(self, keys=(*self.keys, name), line=line)

    def dispensable(self, error: ConfigError) -> None:
        """Warn of a value that can be done without, unless nothing may be wrong."""
        if self.warn is None:
            self.refuse(error)
        else:
            self.warn(str(error))

    def refuse(self, error: ConfigError) -> None:
        """Keep an error for later. Raises it if the first one ends the reading."""
        if self.found is None:
            raise error
        self.found.append(error)
        if len(self.found) >= MOST_ERRORS:
            raise together(self.found)

    def error(self, message: str) -> ConfigError:
        """The error to raise for the value at this place."""
        return ConfigError(self.file, message, ".".join(self.keys).replace(".[", "["), self.line)


@attrs.frozen
class Kind:
    """Functions that read a value from a file (raises ConfigError) and write it back."""

    read: Callable[[object, Where], Any]
    write: Callable[[Any], object]


@attrs.frozen
class Key:
    """A key in the file that differs from the field's name."""

    name: str


def scalar(expected: str, check: Callable[[object], object], *, secret: bool = False) -> Kind:
    """A kind of plain value; ``check`` returns the value, or raises ValueError if it is wrong.

    The error quotes the value, unless it is ``secret``.
    """

    def read(value: object, where: Where) -> object:
        try:
            return check(value)
        except ValueError:
            found = "" if secret else f", found {describe(value)}"
            raise where.error(f"expected {expected}{found}") from None

    return Kind(read, write=lambda value: value)


def describe(value: object) -> str:
    """The words for a value in an error."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "a section"
        case list() | tuple():
            return "a list"
        case str():
            return repr(cut(str(value), LONGEST_QUOTED))
    return str(value)


def outline(value: object) -> str:
    """The words for a value in place of a section, without its text, which may be a secret."""
    return "a text" if isinstance(value, str) else describe(value)


def is_text(value: str) -> bool:
    """True if a text comes back from a file as it was written."""
    return not _UNWRITABLE.search(value)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case str() if is_text(value) and len(value) <= LONGEST_LINE:
            return str(value)
        case int() | float() if not isinstance(value, bool):
            return str(value)
    raise ValueError(value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(value)


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
        return int(value)
    raise ValueError


def _duration(value: object) -> float:
    seconds = parse_duration(str(value))
    if seconds < 0 or not isinstance(value, str | int):
        raise ValueError
    return seconds


def texts(value: object) -> tuple[str, ...]:
    """Texts that are separated by commas. Raises ValueError."""
    if isinstance(value, list | Mapping):
        raise ValueError(value)  # noqa: TRY004 -- of a value, as the others
    return tuple(filter(None, (each.strip() for each in str(value or "").split(","))))


def _path(value: object) -> str:
    text = _text(value)
    if set(text) & set("\n\r\t"):
        raise ValueError
    return text


def _file(value: object) -> str:
    path = _path(value)
    if not Path(path).name:
        raise ValueError
    return path


_EXPECTED = f"a text without control characters, of {LONGEST_LINE} at most"
TEXT = scalar(_EXPECTED, _text)
SECRET = scalar(_EXPECTED, _text, secret=True)
PATH = scalar("a path", _path)
FILE = scalar("the path of a file", _file)
FLAG = scalar("true or false", _flag)
COUNT = scalar(f"a whole number from 0 to {LARGEST}", _count)
DURATION = attrs.evolve(scalar("a duration such as 10m0s", _duration), write=format_duration)

Text = Annotated[str, TEXT]
SecretText = Annotated[str, SECRET]
PathText = Annotated[str, PATH]
FileText = Annotated[str, FILE]
Flag = Annotated[bool, FLAG]
Count = Annotated[int, COUNT]
Duration = Annotated[float, DURATION]
"""Seconds; written in the file as Go writes durations."""


def read_whole(cls: type[C], value: object, where: Where) -> C:
    """An instance of ``cls`` as `read_section` makes it. Raises a ConfigError with all errors."""
    found: list[ConfigError] = []
    config = read_section(cls, value, attrs.evolve(where, found=found))
    if found:
        raise together(found)
    return config


def read_section(cls: type[C], value: object, where: Where) -> C:
    """An instance of ``cls`` from a mapping; missing keys keep their defaults.

    Raises ConfigError.
    """
    if value is None:
        return cls()
    if not isinstance(value, Mapping):
        raise where.error(f"expected a section of keys and values, found {outline(value)}")
    entries = {each.key: each for each in entries_of(cls)}
    found: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            where.dispensable(where.error(f"expected a text as a key, found {describe(key)}"))
            continue
        place = where.at(value, key)
        if key not in entries:
            place.dispensable(place.error(_unknown(str(key), list(entries))))
            continue
        try:
            found[entries[key].field] = entries[key].kind.read(item, place)
        except ConfigError as error:
            if error.others:
                raise
            if item is None:
                place.dispensable(error)
            else:
                place.refuse(error)
    return cls(**found)


def write_section(config: object) -> dict[str, object]:
    """The configuration as plain values under the file's keys."""
    return {
        each.key: each.kind.write(getattr(config, each.field)) for each in entries_of(type(config))
    }


@attrs.frozen
class Entry:
    """A key of a section."""

    field: str
    key: str
    kind: Kind
    section: type | None = None
    """Class of what is under the key, if that is a section itself."""


def entries_of(cls: type) -> tuple[Entry, ...]:
    """The keys of a section."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_entry(name, hint) for name, hint in hints.items())


def _entry(name: str, hint: object) -> Entry:
    if isinstance(hint, type):
        return Entry(name, name, _section(hint), hint)
    plain, *extras = get_args(hint)
    key = next((each.name for each in extras if isinstance(each, Key)), name)
    kind = next((each for each in extras if isinstance(each, Kind)), None)
    return Entry(name, key, kind or _section(plain), None if kind else plain)


def _section(cls: type) -> Kind:
    return Kind(lambda value, where: read_section(cls, value, where), write_section)


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"unknown key; {hint}"
