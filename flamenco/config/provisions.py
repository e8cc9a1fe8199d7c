"""The list `worker_configuration` of the Manager's configuration."""

from collections.abc import Mapping
from typing import Annotated, Any

import attrs
import msgspec

from flamenco.config.schema import (
    Flag,
    Kind,
    Text,
    Where,
    describe,
    entries_of,
    read_section,
    scalar,
    write_section,
)
from flamenco.config.variables import NAMED_VARIABLES
from flamenco.config.worker import WorkerSettings
from flamenco.model.provisions import Provision
from flamenco.model.schedules import SleepSchedule, days_text, parse_schedule, time_text
from flamenco.model.variables import Variables

MOST = 1000
"""Maximum number of entries."""


def _names(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list):
        raise ValueError(value)  # noqa: TRY004 -- of a value, as the others
    return tuple(each.strip() for each in msgspec.convert(names, list[str]))


NAMES = Kind(scalar("names of tags such as [GPU, night]", _names).read, list)


@attrs.frozen(kw_only=True)
class _Sleep:
    """The section `sleep_schedule` of an entry."""

    active: Flag = True
    days: Text = ""
    start: Text = ""
    end: Text = ""
    timezone: Text = ""


def _read_schedule(value: object, where: Where) -> SleepSchedule:
    read = read_section(_Sleep, value, where)
    try:
        return parse_schedule(read.active, read.days, read.start, read.end, read.timezone)
    except ValueError as error:
        raise where.error(str(error)) from None


def _write_schedule(schedule: SleepSchedule) -> dict[str, object]:
    return write_section(
        _Sleep(
            active=schedule.is_active,
            days=days_text(schedule),
            start=time_text(schedule.start),
            end=time_text(schedule.end),
            timezone=schedule.timezone or "",
        )
    )


SCHEDULE = Kind(_read_schedule, _write_schedule)


@attrs.frozen(kw_only=True)
class _Entry(WorkerSettings):
    """An entry, as in the file."""

    match: Text = "*"
    tags: Annotated[tuple[str, ...], NAMES] = ()
    variables: Annotated[Variables, NAMED_VARIABLES] = attrs.field(factory=dict)
    sleep_schedule: Annotated[SleepSchedule | None, SCHEDULE] = None


def _read(value: object, where: Where) -> tuple[Provision, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST:
        expected = f"a list of {MOST} entries at most, such as [{{match: render-*, niceness: 5}}]"
        raise where.error(f"expected {expected}, found {describe(value)}")
    return tuple(
        _read_entry(index, item, where.at(value, index)) for index, item in enumerate(value)
    )


def _read_entry(index: int, value: object, where: Where) -> Provision:
    entry = read_section(_Entry, value, where)
    named = value if isinstance(value, Mapping) else {}
    return Provision(
        place=index,
        match=entry.match,
        tags=entry.tags,
        settings={
            each.key: each.kind.write(getattr(entry, each.field))
            for each in entries_of(WorkerSettings)
            if each.key in named
        },
        variables=entry.variables,
        schedule=entry.sleep_schedule,
    )


def _write(provisions: tuple[Provision, ...]) -> list[dict[str, Any]]:
    return [_write_entry(each) for each in provisions]


def _write_entry(provision: Provision) -> dict[str, Any]:
    entry: dict[str, Any] = {"match": provision.match}
    if provision.tags:
        entry["tags"] = list(provision.tags)
    entry |= provision.settings
    if provision.variables:
        entry["variables"] = NAMED_VARIABLES.write(provision.variables)
    if provision.schedule is not None:
        entry["sleep_schedule"] = _write_schedule(provision.schedule)
    return entry


PROVISIONS = Kind(_read, _write)
"""Entries in their order."""
