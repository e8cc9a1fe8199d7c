"""`flamenco workers join-token`: the tokens by which Workers join."""

import math
from typing import Annotated

from cyclopts import App, Parameter
from msgspec import UNSET

from flamenco.api.workers import JoinTokenWanted, ShownJoinToken
from flamenco.cli.errors import CommandError
from flamenco.cli.reaching import AsJson, ManagerUrl, reached, tag_id, worker_id
from flamenco.cli.showing import print_json, print_table, short, when
from flamenco.config.durations import parse_duration
from flamenco.config.worker import DEFAULT_MANAGER_URL

COLUMNS = ("ID", "NAME", "FOR", "USED", "EXPIRES")

app = App(name="join-token", help="Make, list and end the tokens by which Workers join.")


@app.command
def create(
    name: Annotated[str, Parameter(help="purpose of the token")] = "Worker",
    /,
    *,
    tag: Annotated[
        tuple[str, ...],
        Parameter(help="tag, by name or id, of Workers that join by it; repeatable", negative=""),
    ] = (),
    worker: Annotated[str, Parameter(help="worker that gets new credentials by it")] = "",
    reusable: Annotated[
        bool, Parameter(help="let any number of Workers join by it", negative="")
    ] = False,
    expires: Annotated[str, Parameter(help="time after which it expires, such as 2h")] = "48h",
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Make a token, and print it: this once.

    Example: flamenco worker --join-token "$(flamenco workers join-token create)"
    """
    with reached(manager) as client:
        wanted = JoinTokenWanted(
            name=name,
            tags=tuple(tag_id(client, each) for each in tag),
            worker_id=worker_id(client, worker) if worker else UNSET,
            once=not reusable,
            hours=_hours(expires),
        )
        made = client.create_join_token(wanted)
    print(made.secret)
    return 0


@app.command(name="list")
def list_tokens(*, json: AsJson = False, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> int:
    """List the tokens that count, without their secrets."""
    with reached(manager) as client:
        found = client.join_tokens()
    if json:
        print_json(found)
    else:
        print_table(COLUMNS, map(_row, found))
    return 0


@app.command
def end(
    token: Annotated[str, Parameter(help="id, which may be shortened")],
    /,
    *,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Let a token count no longer."""
    with reached(manager) as client:
        found = [each.id for each in client.join_tokens() if each.id.startswith(token.lower())]
        if len(found) != 1:
            raise CommandError(f"{len(found)} join tokens have an id that begins with {token}")
        client.end_join_token(found[0])
    print(f"{found[0]} is over")
    return 0


def _hours(text: str) -> int:
    try:
        hours = math.ceil(parse_duration(text) / 3600)
    except ValueError as error:
        raise CommandError(f"--expires: {error}") from None
    if not 1 <= hours <= 24 * 3650:
        raise CommandError(f"--expires: expected a time of up to ten years, not {text}")
    return hours


def _row(token: ShownJoinToken) -> tuple[str, ...]:
    times = "one Worker" if token.once else "Workers"
    whose = short(token.worker_id) if token.worker_id else times
    return short(token.id), token.name, whose, str(token.used), when(token.expires)
