"""`flamenco config`: configuration files checked, shown and compared."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import attrs
import msgspec
from cyclopts import App, Parameter

from flamenco.cli.errors import CommandError
from flamenco.cli.provisioning import ConfigFrom
from flamenco.cli.reaching import AsJson
from flamenco.cli.showing import complain, print_json
from flamenco.cli.texts import visible
from flamenco.config.environment import MANAGER, WORKER, Override, overridden, overrides_of
from flamenco.config.errors import ConfigError, together
from flamenco.config.files import previous, read_yaml
from flamenco.config.manager import FILE_NAME, ManagerConfig, load_manager_config
from flamenco.config.origins import Setting, settings_of
from flamenco.config.overlays import overlays_of
from flamenco.config.schema import Warn, ignore
from flamenco.config.secrets import MASK, SECRETS
from flamenco.config.worker import FILE_NAME as WORKER_FILE_NAME
from flamenco.config.worker import NAME_VARIABLE, SECRET_VARIABLE, WorkerFile, load_worker_file

_PASSWORD = re.compile(r"//[^/@\s]+@")
"""User and password in an address."""

app = App(name="config", help="Check, show and compare configuration files.")

File = Annotated[
    Path | None,
    Parameter(help=f"file; default: {FILE_NAME}, or {WORKER_FILE_NAME} with --worker"),
]
OfWorker = Annotated[bool, Parameter(help="a Worker's configuration", negative="")]


@attrs.frozen
class Program:
    """A program that reads a configuration."""

    file: Path
    """Where its configuration is, if nobody says."""
    config: type
    variables: str
    """Beginning of the environment variables that override the file."""
    load: Callable[[Path, Warn], Any]
    lesser: Mapping[str, str] = attrs.field(factory=dict)
    """{environment variable: key that it sets where the file does not}."""


PROGRAMS = {
    False: Program(Path(FILE_NAME), ManagerConfig, MANAGER, load_manager_config),
    True: Program(
        Path(WORKER_FILE_NAME),
        WorkerFile,
        WORKER,
        load_worker_file,
        {NAME_VARIABLE: "worker_name", SECRET_VARIABLE: "registration_secret"},
    ),
}
"""{True for the Worker's: program}."""


@app.command
def check(file: File = None, /, *, worker: OfWorker = False, config_from: ConfigFrom = ()) -> int:
    """Check a file and the environment, and tell all that is wrong with them.

    The exit status is 1 if there is an error. Warnings are about what has no effect.

    Example: flamenco config check /srv/flamenco/flamenco-manager.yaml
    """
    path = _there(file or PROGRAMS[worker].file)
    _settings(PROGRAMS[worker], path, config_from, complain)
    print(f"{path}: good")
    return 0


@app.command
def show(
    file: File = None,
    /,
    *,
    worker: OfWorker = False,
    config_from: ConfigFrom = (),
    json: AsJson = False,
) -> int:
    """Show all values, each with the line or the environment variable that it comes from.

    Example: flamenco config show --json
    """
    program = PROGRAMS[worker]
    found = _settings(program, file or program.file, config_from, complain)
    if json:
        print_json({each.key: {"value": each.value, "from": each.origin} for each in found})
    else:
        for each in found:
            print(f"{each.key}: {_text(each.value)}  ({each.origin})")
    return 0


@app.command
def diff(file: File = None, other: File = None, /, *, worker: OfWorker = False) -> int:
    """Show how a file differs from another one, by default from what it was before.

    When the Manager changes its file, it keeps the last ten versions beside it, as NAME.1 to
    NAME.10. Without any, the file is compared with the defaults. The exit status is 1 if there is
    a difference.

    Example: flamenco config diff flamenco-manager.yaml flamenco-manager.yaml.3
    """
    program = PROGRAMS[worker]
    path = _there(file or program.file)
    if other is None and previous(path.resolve(), 1).exists():
        other = previous(path.resolve(), 1)
    before = program.config() if other is None else program.load(_there(other), ignore)
    old, new = _by_key(settings_of(before)), _by_key(settings_of(program.load(path, ignore)))
    differing = [key for key in new if old[key] != new[key]]
    for key in differing:
        shown = [_text(_masked(key, values[key])) for values in (old, new)]
        print(f"- {key}: {shown[0]}\n+ {key}: {shown[1]}")
    return 1 if differing else 0


def _settings(program: Program, path: Path, overlays: Iterable[Path], warn: Warn) -> list[Setting]:
    """All values that count, secrets masked. Raises ConfigError."""
    errors: list[ConfigError] = []
    found: list[Override] = []
    config = program.config()
    try:
        config = program.load(path, warn)
    except ConfigError as error:
        errors += error.all
    for read in (
        partial(overlays_of, program.config, overlays),
        partial(overrides_of, program.config, program.variables, os.environ),
    ):
        try:
            found += read()
        except ConfigError as error:
            errors += error.all
    if errors:
        raise together(errors)
    for variable, key in program.lesser.items():
        if (value := os.environ.get(variable)) and not getattr(config, key):
            found.insert(0, Override(variable, (key,), (key,), value))
    settings = settings_of(overridden(config, found), read_yaml(path), found)
    return [attrs.evolve(each, value=_masked(each.key, each.value)) for each in settings]


def _by_key(settings: list[Setting]) -> dict[str, Any]:
    return {each.key: each.value for each in settings}


def _there(path: Path) -> Path:
    if not path.exists():
        raise CommandError(f"there is no configuration file {path}")
    return path


def _masked(key: str, value: object) -> object:
    if tuple(key.split(".")) in SECRETS:
        return MASK if value else value
    return _PASSWORD.sub(f"//{MASK}@", value) if isinstance(value, str) else value


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return visible(value)
    return visible(msgspec.json.encode(value).decode())
