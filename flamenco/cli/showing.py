"""Output of commands: tables for people, lines for pipes, JSON for scripts."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import UnsetType
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flamenco.cli.texts import visible
from flamenco.model.eta import Eta

COLOURS = {
    "active": "cyan",
    "awake": "green",
    "completed": "green",
    "failed": "red",
    "error": "red",
    "parked": "red",
    "soft-failed": "yellow",
    "canceled": "yellow",
    "paused": "blue",
    "asleep": "blue",
    "offline": "dim",
}
"""{status: colour}; others have none."""


ELASTIC = frozenset({"NAME", "TYPE"})
"""Columns of a table that are cut off on a narrow terminal."""
LEAST = 10
"""Minimum width of these columns in characters."""
GAP = 2
"""Number of spaces between columns."""


def on_terminal() -> bool:
    """True if the output goes to a terminal, for people to read."""
    return sys.stdout.isatty()


def print_json(body: object) -> None:
    """Print one JSON document, in the API's form."""
    print(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on a terminal, else a line per row, complete, with tabs and without colour."""
    if not on_terminal():
        for row in (columns, *rows):
            print("\t".join(visible(" ".join(cell.split())) for cell in row))
        return
    console, cells = Console(highlight=False), list(rows)
    columns = columns[: _with_room([columns, *cells], console.width)]
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name not in ELASTIC)
    for row in cells:
        table.add_row(*map(_cell, row[: len(columns)]))
    console.print(table)


def _cell(text: str) -> Text:
    return Text(visible(text), COLOURS.get(text, ""), no_wrap=True, overflow="ellipsis")


def _with_room(table: Sequence[Sequence[str]], width: int) -> int:
    """Number of columns that fit into a line; the first ones are kept."""
    used = -GAP
    for place, (name, *cells) in enumerate(zip(*table, strict=True)):
        widest = max(map(cell_len, (name, *cells)))
        used += GAP + (min(widest, LEAST) if name in ELASTIC else widest)
        if used > width:
            return place
    return len(table[0])


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one per line, without cutting anything off."""
    known = [(name, value) for name, value in facts if value]
    width = max((len(name) for name, _ in known), default=0) + 2
    for name, value in known:
        print(f"{name + ':':{width}}{visible(value)}")


def complain(message: str) -> None:
    """Print a line for people, on stderr."""
    print(f"flamenco: {visible(message)}", file=sys.stderr)


def when(moment: object) -> str:
    """A time: on a terminal in local time, in a pipe in UTC; empty if unknown."""
    if not isinstance(moment, datetime):
        return ""
    if on_terminal():
        return f"{moment.astimezone():%Y-%m-%d %H:%M}"
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def between(eta: Eta | UnsetType) -> str:
    """The times between which a job is likely to be done; empty if there is no estimate."""
    if isinstance(eta, UnsetType):
        return ""
    if not on_terminal():
        return f"{when(eta.earliest)} to {when(eta.latest)}"
    first, last = eta.earliest.astimezone(), eta.latest.astimezone()
    day = f"{first:%Y-%m-%d} " if first.date() != datetime.now().astimezone().date() else ""
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{day}{first:%H:%M} to {until}"


def short(identifier: str) -> str:
    """An id: on a terminal its beginning, which commands accept, in a pipe all of it."""
    return identifier[:8] if on_terminal() else identifier
