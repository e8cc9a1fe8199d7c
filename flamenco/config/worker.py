"""The Worker's configuration, `flamenco-worker.yaml` (reference rules §15)."""

import ctypes
import os
import re
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import attrs
import msgspec

from flamenco.config.environment import WORKER, overridden, overrides_of
from flamenco.config.errors import ConfigError
from flamenco.config.files import read_yaml
from flamenco.config.origins import DEFAULT, settings_of
from flamenco.config.overlays import overlays_of
from flamenco.config.schema import (
    Duration,
    Flag,
    SecretText,
    Text,
    Warn,
    Where,
    entries_of,
    ignore,
    read_whole,
    scalar,
)
from flamenco.model.specs import Gpu, Software

FILE_NAME = "flamenco-worker.yaml"
NAME_VARIABLE = "FLAMENCO_WORKER_NAME"
SECRET_VARIABLE = "FLAMENCO_REGISTRATION_SECRET"  # noqa: S105 - where it is, not what
JOIN_VARIABLE = "FLAMENCO_JOIN_TOKEN"
SECRET_VARIABLES = (
    SECRET_VARIABLE,
    JOIN_VARIABLE,
    f"{WORKER}__REGISTRATION_SECRET",
    f"{WORKER}__JOIN_TOKEN",
)
DEFAULT_MANAGER_URL = "http://localhost:8080/"


def normal_url(text: str) -> str:
    """The Manager's address with its scheme, by default http, and a slash at the end.

    Raises ValueError if it is not the address of a web server.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "http", scheme
    if scheme.lower() not in ("http", "https") or not rest.strip("/") or " " in rest:
        raise ValueError(f"expected an address such as http://manager.local:8080/, not {text!r}")
    return f"{scheme.lower()}://{rest.rstrip('/')}/"


def _url(value: object) -> str:
    if value is None or value == "":
        return ""
    return normal_url(str(value))


def _task_types(value: object) -> tuple[str, ...]:
    if not value:
        raise ValueError(value)
    return tuple(word.lower() for word in _words(value))


def _between(least: int, most: int, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(value)
    return int(value)


def _words(value: object) -> tuple[str, ...]:
    words = msgspec.convert(value, tuple[str, ...])
    if not isinstance(value, list) or not all(word.strip() for word in words):
        raise ValueError(value)
    return tuple(word.strip() for word in words)


def _programs(value: object) -> tuple[str, ...] | None:
    if isinstance(value, bool):
        return None if value else ()
    return _words(value)


def _amount(value: object) -> int | None:
    return None if value is None else _between(1, 2**53, value)


_VERSIONED = re.compile(r"(.+?)(?:\s+(\d+|\d[\w+-]*\.[\w.+-]+))?")


def _software(value: object) -> tuple[Software, ...]:
    matches = [_VERSIONED.fullmatch(text) for text in _words(value)]
    return tuple(Software(match[1], match[2] or "") for match in matches if match)


def _gpus(value: object) -> tuple[Gpu, ...] | None:
    if value is None:
        return None
    gpus = msgspec.convert(value, tuple[Gpu, ...])
    known = {field.name for field in attrs.fields(Gpu)}
    if not isinstance(value, list) or not all(known.issuperset(item) for item in value):
        raise ValueError(value)
    return gpus


URL = scalar("an address such as http://manager.local:8080/", _url)
TASK_TYPES = attrs.evolve(
    scalar("a list of task types such as [blender, ffmpeg]", _task_types), write=list
)
EXIT_CODE = scalar("an exit code from 0 to 255", lambda value: _between(0, 255, value))
OOM_SCORE = scalar(
    "a whole number from -1000 to 1000",
    lambda value: None if value is None else _between(-1000, 1000, value),
)
NICENESS = scalar("a whole number from 0 to 19", lambda value: _between(0, 19, value))
CAPABILITIES = attrs.evolve(scalar("a list of words such as [licence-x]", _words), write=list)
EXEC = scalar("true, false, or a list of programs such as [oiiotool, ffmpeg]", _programs)
AMOUNT = scalar("a whole number from 1, or nothing", _amount)
SOFTWARE = scalar(
    "a list of programs and versions such as [blender 4.2.1, houdini 20.5]", _software
)
GPUS = scalar("a list of cards such as [{kind: optix, name: RTX 4090, memory_mib: 24564}]", _gpus)


@attrs.frozen(kw_only=True)
class WorkerSettings:
    """The keys of `flamenco-worker.yaml` that the Manager may set for many Workers."""

    task_types: Annotated[tuple[str, ...], TASK_TYPES] = (
        "blender",
        "ffmpeg",
        "file-management",
        "misc",
    )
    restart_exit_code: Annotated[int, EXIT_CODE] = 0
    """Exit code that makes a service manager start the Worker again; 0: it cannot restart."""
    oom_score_adjust: Annotated[int | None, OOM_SCORE] = None
    """Linux: out-of-memory score of the programs of tasks."""
    niceness: Annotated[int, NICENESS] = 0
    """Niceness of the programs of tasks; higher lets others go first."""
    share_delay: Duration = 10.0
    """Seconds to wait for frames that Blender has saved to a slow share."""
    silence_limit: Duration = 2 * 3600.0
    """Time without output after which a program is taken for hung; 0: never."""
    warm_blender: Flag = True
    """True to keep Blender open between the tasks of a job; False: each has one of its own."""
    capabilities: Annotated[tuple[str, ...], CAPABILITIES] = ()
    """Freely chosen words that jobs may require."""


SETTINGS = tuple(each.key for each in entries_of(WorkerSettings))
"""Their keys, which are the names of the fields."""


@attrs.frozen(kw_only=True)
class WorkerFile(WorkerSettings):
    """The keys of `flamenco-worker.yaml`."""

    worker_name: Text = ""
    """Name of the Worker; empty: FLAMENCO_WORKER_NAME of the environment, else the machine's."""
    manager_url: Annotated[str, URL] = ""
    registration_secret: SecretText = attrs.field(default="", repr=False)
    """Secret of the farm; empty: FLAMENCO_REGISTRATION_SECRET of the environment."""
    join_token: SecretText = attrs.field(default="", repr=False)
    """Token by which it joins the farm; empty: FLAMENCO_JOIN_TOKEN of the environment."""
    exec: Annotated[tuple[str, ...] | None, EXEC] = None
    """Programs that the command `exec` may run, as jobs name them; None: any.

    It is the machine's own, and no Manager sets it.
    """
    software: Annotated[tuple[Software, ...], SOFTWARE] = ()
    """Programs of this machine, which add to those the Worker finds, or replace them."""
    memory_mib: Annotated[int | None, AMOUNT] = None
    """Memory in MiB. None, as for the next two: whatever the Worker finds."""
    cores: Annotated[int | None, AMOUNT] = None
    gpus: Annotated[tuple[Gpu, ...] | None, GPUS] = None


@attrs.frozen(kw_only=True)
class WorkerConfig(WorkerSettings):
    """Everything a Worker needs to know to run."""

    name: str
    manager_url: str
    """Empty: the Worker searches the network for its Manager."""
    home: Path
    """Folder of the credentials and of the messages that are not acknowledged yet."""
    registration_secret: str = attrs.field(default="", repr=False)
    """Secret that the farm requires for registration; empty: none."""
    join_token: str = attrs.field(default="", repr=False)
    """Token by which it joins, once, whichever credentials it has; empty: none."""
    exec: tuple[str, ...] | None = None
    software: tuple[Software, ...] = ()
    memory_mib: int | None = None
    cores: int | None = None
    gpus: tuple[Gpu, ...] | None = None
    origins: dict[str, str] = attrs.field(factory=dict)
    """{key of `WorkerSettings`: where its value comes from}, without the defaults."""
    variables: Mapping[str, str] = attrs.field(factory=dict)
    """Values of variables that this Worker has in place of the farm's, as the Manager told."""


def load_worker_file(path: Path, warn: Warn = ignore) -> WorkerFile:
    """The file's values; a missing or empty one gives the defaults. Raises ConfigError."""
    return read_whole(WorkerFile, read_yaml(path), Where(str(path), warn=warn))


def load_worker_config(
    path: Path = Path(FILE_NAME),
    *,
    overlays: Iterable[Path] = (),
    manager_url: str = "",
    environment: Mapping[str, str] = os.environ,
    warn: Warn = ignore,
) -> WorkerConfig:
    """Read the configuration; a missing or empty file gives the defaults.

    Files of ``overlays`` overrule it, and the environment those. ``manager_url`` overrides the
    file's; if both are empty, the Worker searches. Raises
    ConfigError.
    """
    file, content = load_worker_file(path, warn), read_yaml(path)
    elsewhere = overlays_of(WorkerFile, overlays) + overrides_of(WorkerFile, WORKER, environment)
    file = overridden(file, elsewhere)
    try:
        url = _url(manager_url) or file.manager_url
    except ValueError as error:
        raise ConfigError("--manager", str(error)) from None
    origins = {each.key: each.origin for each in settings_of(file, content, elsewhere)}
    return WorkerConfig(
        name=file.worker_name or environment.get(NAME_VARIABLE) or socket.gethostname(),
        manager_url=url,
        home=home_folder(environment),
        registration_secret=file.registration_secret or environment.get(SECRET_VARIABLE, ""),
        join_token=file.join_token or environment.get(JOIN_VARIABLE, ""),
        exec=file.exec,
        software=file.software,
        memory_mib=file.memory_mib,
        cores=file.cores,
        gpus=file.gpus,
        origins={key: origins[key] for key in SETTINGS if origins[key] != DEFAULT},
        **{key: getattr(file, key) for key in SETTINGS},
    )


def hide_secret() -> None:
    """Take the farm's secrets out of this process's environment, once the configuration is loaded.

    Tasks run under the same user, and may read the environment that a process was started with.
    On Linux it is overwritten in place; elsewhere only what is inherited can be changed.
    """
    for variable in SECRET_VARIABLES:
        secret = os.environ.get(variable)
        if secret and sys.platform == "linux":
            find = ctypes.CDLL(None).getenv
            find.restype = ctypes.c_void_p
            place = find(variable.encode())
            if place:
                ctypes.memset(place, 0, len(os.fsencode(secret)))
        os.environ.pop(variable, None)


def home_folder(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """FLAMENCO_HOME, else the platform's data folder for Flamenco (reference rules §15)."""
    if environment.get("FLAMENCO_HOME"):
        return Path(environment["FLAMENCO_HOME"])
    home = Path.home()
    if platform == "win32":
        local = environment.get("LOCALAPPDATA") or home / "AppData" / "Local"
        return Path(local) / "Blender Foundation" / "Flamenco"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Flamenco"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "flamenco"
