"""The section `variables` of the Manager's configuration (reference rules §13-§14)."""

from collections.abc import Mapping
from typing import Annotated

import attrs

from flamenco.config.schema import (
    Flag,
    Kind,
    Text,
    Where,
    describe,
    is_text,
    read_section,
    scalar,
    write_section,
)
from flamenco.model.variables import (
    EVERY_PLATFORM,
    Audience,
    Variable,
    Variables,
    VariableValue,
    constant,
)


def _audience(value: object) -> Audience:
    return Audience(str(value or Audience.ALL))


AUDIENCE = attrs.evolve(scalar("all, workers or users", _audience), write=str)


def default_variables() -> dict[str, Variable]:
    """The variables of a farm without any in its configuration."""
    blender = Variable(
        values=(
            VariableValue(value="blender", platforms=("linux",)),
            VariableValue(value="blender.exe", platforms=("windows",)),
            VariableValue(value="blender", platforms=("darwin",)),
        )
    )
    return {
        "blender": blender,
        "blenderArgs": constant("-b -y"),
        "ffmpeg": constant("ffmpeg"),
    }


def _platforms(value: object, where: Where) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(each, str) for each in items):
        raise where.error(f"expected platforms such as linux or all, found {describe(value)}")
    return tuple(each.strip().lower() for each in items)


PLATFORMS = Kind(_platforms, write=list)


@attrs.frozen(kw_only=True)
class _Value:
    """One of a variable's values, as in the file."""

    audience: Annotated[Audience, AUDIENCE] = Audience.ALL
    platform: Annotated[tuple[str, ...], PLATFORMS] = ()
    platforms: Annotated[tuple[str, ...], PLATFORMS] = ()
    value: Text = ""


def _read_values(value: object, where: Where) -> tuple[VariableValue, ...]:
    if not isinstance(value, list):
        raise where.error(f"expected a list of values, found {describe(value)}")
    found = []
    for index, item in enumerate(value):
        place = where.at(value, index)
        each = read_section(_Value, item, place)
        if not each.platforms + each.platform:
            raise place.error(f"expected a platform: linux, windows, darwin or {EVERY_PLATFORM}")
        platforms = each.platforms + each.platform
        found.append(VariableValue(value=each.value, platforms=platforms, audience=each.audience))
    return tuple(found)


def _write_values(values: tuple[VariableValue, ...]) -> list[dict[str, object]]:
    return [_write_value(value) for value in values]


def _write_value(value: VariableValue) -> dict[str, object]:
    plain: dict[str, object] = {}
    if value.audience is not Audience.ALL:
        plain["audience"] = str(value.audience)
    if len(value.platforms) == 1:
        plain["platform"] = value.platforms[0]
    else:
        plain["platforms"] = list(value.platforms)
    return {**plain, "value": value.value}


@attrs.frozen(kw_only=True)
class _Variable:
    """A variable, as in the file."""

    is_twoway: Flag = False
    values: Annotated[tuple[VariableValue, ...], Kind(_read_values, _write_values)] = ()


def _read(value: object, where: Where) -> dict[str, Variable]:
    return default_variables() | _read_named(value, where)


def _read_named(value: object, where: Where) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    if value is None:
        return found
    if not isinstance(value, Mapping):
        raise where.error(f"expected variables by name, found {describe(value)}")
    for name, item in value.items():
        if not is_text(str(name)) or set(str(name)) & set("{}") or not str(name).strip():
            raise where.at(value, name).error(
                "expected a name without braces or control characters"
            )
        each = read_section(_Variable, item, where.at(value, name))
        found[str(name)] = Variable(values=each.values, is_twoway=each.is_twoway)
    return found


def _write(variables: Variables) -> dict[str, object]:
    return {
        name: write_section(_Variable(is_twoway=each.is_twoway, values=each.values))
        for name, each in variables.items()
    }


VARIABLES = Kind(_read, _write)
"""Variables by name; those in the file add to the default ones, or replace them."""
NAMED_VARIABLES = Kind(_read_named, _write)
"""The variables in the file, without the default ones."""
