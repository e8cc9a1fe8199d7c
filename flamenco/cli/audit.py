"""`flamenco audit`: who changed what."""

import sys
from collections.abc import Iterator
from typing import Annotated

import attrs
import msgspec
from cyclopts import App, Parameter
from msgspec import to_builtins

from flamenco.api.audit import MOST_LINES, AuditWanted
from flamenco.cli.errors import CommandError
from flamenco.cli.reaching import AsJson, ManagerUrl, reached
from flamenco.cli.showing import print_json, print_table, when
from flamenco.client import SyncClient
from flamenco.config.worker import DEFAULT_MANAGER_URL
from flamenco.model.audit import AuditLine, BrokenChain, check

COLUMNS = ("NUMBER", "WHEN", "WHO", "FROM", "OPERATION", "ABOUT")

app = App(name="audit")


@app.default
def audit(
    *,
    who: Annotated[str, Parameter(help="part of who it was")] = "",
    operation: Annotated[str, Parameter(help="operation of the API, such as deleteJob")] = "",
    about: Annotated[str, Parameter(help="kind, such as job, worker, user or settings")] = "",
    subject: Annotated[str, Parameter(help="id of what was changed")] = "",
    limit: Annotated[int, Parameter(help="maximum number of lines")] = 50,
    json: AsJson = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Tell who changed what, the newest first.

    Example: flamenco audit --about worker
    """
    if not 1 <= limit <= MOST_LINES:
        raise CommandError(f"--limit: expected 1 to {MOST_LINES}, not {limit}")
    wanted = AuditWanted(who=who, operation=operation, about=about, subject=subject, limit=limit)
    with reached(manager) as client:
        found = client.audit_log(wanted).lines
    if json:
        print_json(found)
    else:
        print_table(COLUMNS, map(_row, found))
    return 0


@app.command
def export(*, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> int:
    """Print all lines, the oldest first, as JSON lines."""
    with reached(manager) as client:
        for line in _all(client):
            sys.stdout.write(msgspec.json.encode(to_builtins(line)).decode() + "\n")
    return 0


@app.command
def verify(*, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> int:
    """Check that no line was changed or removed, and print number and hash of the last one.

    Keep these elsewhere: lines that are cut off at the end show only by them.
    """
    with reached(manager) as client:
        try:
            last = check(_all(client))
        except BrokenChain as error:
            raise CommandError(str(error)) from None
    print(f"{last.number} {last.hash}" if last else "the log is empty")
    return 0


def _all(client: SyncClient) -> Iterator[AuditLine]:
    wanted = AuditWanted(after=0, limit=MOST_LINES)
    while True:
        log = client.audit_log(wanted)
        yield from log.lines
        if not log.more:
            return
        wanted = attrs.evolve(wanted, after=log.lines[-1].number)


def _row(line: AuditLine) -> tuple[str, ...]:
    about = f"{line.about} {line.subject}".strip()
    return str(line.number), when(line.at), line.who, line.address, line.operation, about
