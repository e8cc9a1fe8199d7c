"""The command line: its commands, and errors as one line on stderr.

Exit status: 0 done, 1 it could not be done, 2 the command line is wrong, 130 after Ctrl-C.
"""

import sys

from cyclopts import App, CycloptsError

import flamenco
from flamenco.cli.errors import sentence

app = App(
    name="flamenco",
    help="A render farm for Blender: one Manager, many Workers, a live web page.",
    version=flamenco.__version__,
)
COMMANDS = {
    "demo": "flamenco.cli.demo:demo",
    "manager": "flamenco.cli.manager:manager",
    "worker": "flamenco.cli.worker:worker",
    "submit": "flamenco.cli.submit:submit",
    "jobs": "flamenco.cli.jobs:jobs",
    "job": "flamenco.cli.job:app",
    "workers": "flamenco.cli.workers:workers",
    "jobtype": "flamenco.cli.jobtype:app",
}
"""Name → where it is; imported when it is used, so that a Worker carries nothing of the Manager."""

for name, place in COMMANDS.items():
    app.command(place, name=name)


def run(arguments: list[str] | None = None) -> int:
    """The exit status of a command line."""
    try:
        words = sys.argv[1:] if arguments is None else arguments
        if not COMMANDS.keys() & words[:1]:
            _import_all()
        outcome = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _say(str(error), 2)
    except Exception as error:
        known = sentence(error)
        if known is None:
            raise
        return _say(known, 1)
    return outcome if isinstance(outcome, int) else 0


def _import_all() -> None:
    """What the general help says of a command is in its own docstring."""
    for name in COMMANDS:
        app[name]


def _say(message: str, status: int) -> int:
    print(f"flamenco: {' '.join(message.split())}", file=sys.stderr)
    return status
