"""The command line: its commands, and each error as a single line on stderr.

Exit status: 0 success, 1 failure, 2 the command line is wrong, 130 after Ctrl-C.
"""

import os
import sys

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

import flamenco
from flamenco.cli.errors import nobody_reads, sentence
from flamenco.cli.texts import visible


def _said_of_default(value: object) -> str | None:
    """The text for an option's default in its help; None for an empty default."""
    return str(value) if value or type(value) is int else None


app = App(
    name="flamenco",
    help="A render farm for Blender: one Manager, many Workers, a live web page.",
    version=flamenco.__version__,
    default_parameter=Parameter(show_default=_said_of_default),
)
COMMANDS = {
    "demo": "flamenco.cli.demo:demo",
    "manager": "flamenco.cli.manager:manager",
    "worker": "flamenco.cli.worker:worker",
    "submit": "flamenco.cli.submit:submit",
    "jobs": "flamenco.cli.jobs:jobs",
    "job": "flamenco.cli.job:app",
    "workers": "flamenco.cli.workers:app",
    "audit": "flamenco.cli.audit:app",
    "actors": "flamenco.cli.actors:actors",
    "jobtype": "flamenco.cli.jobtype:app",
    "config": "flamenco.cli.config:app",
    "login": "flamenco.cli.login:login",
    "logout": "flamenco.cli.login:logout",
    "shaman": "flamenco.cli.shaman:app",
    "import": "flamenco.cli.import_:import_",
}
"""{name: place of the command}, imported on use, so that a Worker loads nothing of the Manager."""

for name, place in COMMANDS.items():
    app.command(place, name=name)


def run(arguments: list[str] | None = None) -> int:
    """The exit status of a command line."""
    try:
        words = sys.argv[1:] if arguments is None else arguments
        if not COMMANDS.keys() & words[:1]:
            _import_all()
        outcome = app(words, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except UnusedCliTokensError as error:
        return _say(f"unexpected: {' '.join(error.unused_tokens or ())}; see --help", 2)
    except CycloptsError as error:
        return _say(str(error), 2)
    except Exception as error:
        if nobody_reads(error):
            return _end_in_silence()
        known = sentence(error)
        if known is None:
            raise
        return _say(known, 1)
    return outcome if isinstance(outcome, int) else 0


def _import_all() -> None:
    """Import all commands for the general help, which shows the docstring of each."""
    for name in COMMANDS:
        app[name]


def _say(message: str, status: int) -> int:
    for line in message.splitlines() or [""]:
        print(f"flamenco: {visible(' '.join(line.split()))}", file=sys.stderr)
    return status


def _end_in_silence() -> int:
    """End after the reader of stdout has gone, as `head` does: drop the rest of the buffer."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
