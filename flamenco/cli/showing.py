"""What commands print: tables for people, lines for pipes, JSON for scripts."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS = {
    "active": "cyan",
    "awake": "green",
    "completed": "green",
    "failed": "red",
    "error": "red",
    "soft-failed": "yellow",
    "canceled": "yellow",
    "paused": "blue",
    "asleep": "blue",
    "offline": "dim",
}
"""Of statuses; others have none."""


def on_terminal() -> bool:
    """Whether people read what is printed."""
    return sys.stdout.isatty()


def print_json(body: object) -> None:
    """One JSON document on stdout, as the API has it."""
    print(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on a terminal; else a line a row with tabs between, whole and without colour."""
    if not on_terminal():
        for row in (columns, *rows):
            print("\t".join(" ".join(cell.split()) for cell in row))
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, COLOURS.get(cell, "")) for cell in row))
    Console(highlight=False).print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values, one a line; nothing is cut off."""
    known = [(name, value) for name, value in facts if value]
    width = max((len(name) for name, _ in known), default=0) + 2
    for name, value in known:
        print(f"{name + ':':{width}}{value}")


def complain(message: str) -> None:
    """A line for people, beside what is printed."""
    print(f"flamenco: {message}", file=sys.stderr)


def when(moment: object) -> str:
    """A time: as clocks here show it on a terminal, in UTC in a pipe; empty if unknown."""
    if not isinstance(moment, datetime):
        return ""
    if on_terminal():
        return f"{moment.astimezone():%Y-%m-%d %H:%M}"
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def short(identifier: str) -> str:
    """An id: on a terminal the beginning, which commands take, in a pipe all of it."""
    return identifier[:8] if on_terminal() else identifier
