"""The Manager's configuration, `flamenco-manager.yaml` (reference rules §14)."""

import re
import sys
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any

import attrs
from ruamel.yaml.comments import CommentedMap

from flamenco.config.auth import AuthConfig
from flamenco.config.durations import format_duration, parse_duration
from flamenco.config.errors import ConfigError
from flamenco.config.files import merge, read_yaml, write_yaml
from flamenco.config.provisions import PROVISIONS
from flamenco.config.schema import (
    Count,
    Duration,
    FileText,
    Flag,
    Key,
    PathText,
    SecretText,
    Text,
    Warn,
    Where,
    ignore,
    read_whole,
    scalar,
    texts,
    write_section,
)
from flamenco.config.variables import VARIABLES, default_variables
from flamenco.model.access import Role
from flamenco.model.lifecycle import DEFAULT_FAILURE_PERCENTAGE
from flamenco.model.links import LinkKind
from flamenco.model.provisions import Provision
from flamenco.model.reach import Network
from flamenco.model.variables import Variables

FILE_NAME = "flamenco-manager.yaml"
VERSION = 3
DATABASE_NAME = "flamenco-manager.sqlite"
LOCAL_STORAGE = "./flamenco-manager-storage"

_HEADER = (
    "Configuration of the Flamenco Manager.\n"
    "Its keys are explained in the operator guide; the Manager reads it when it starts.\n"
)
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:]*):([0-9]{1,5})")


@attrs.frozen
class Address:
    """An address to listen on; an empty host means every network of the machine."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """True if only this machine reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_address(text: str) -> Address:
    """An address such as `:8080`, `127.0.0.1:8080` or `[::1]:8080`.

    Raises ValueError if ``text`` is not one.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match[2]) > 65535:
        raise ValueError(f"expected an address such as :8080 or 127.0.0.1:8080, not {text!r}")
    return Address(match[1].strip("[]"), int(match[2]))


def _address(value: object) -> str:
    parse_address(str(value))
    return str(value)


def _version(value: object) -> int:
    if value is True or value != VERSION:
        raise ValueError(value)
    return VERSION


def _role(value: object) -> Role:
    return Role(str(value))


def _links(value: object) -> LinkKind:
    return LinkKind(str(value))


def _percentage(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise ValueError(value)
    return value


def _mebibytes(value: object) -> int:
    least, most = LEAST_JOB_TYPE_MEMORY, MOST_JOB_TYPE_MEMORY
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(value)
    return value


def _room(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_ROOM:
        raise ValueError(value)
    return value


def _some_time(value: object) -> float:
    seconds = parse_duration(str(value))
    if not LEAST_LIMIT <= seconds <= LONGEST_LIMIT:
        raise ValueError(value)
    return seconds


def _timeout(value: object) -> float:
    seconds = parse_duration(str(value))
    if not isinstance(value, str | int) or (seconds and not SHORTEST <= seconds <= LONGEST):
        raise ValueError(value)
    return seconds


def _report_period(value: object) -> float:
    seconds = parse_duration(str(value))
    if not isinstance(value, str | int) or (seconds and not 10.0 <= seconds <= 86_400.0):
        raise ValueError(value)
    return seconds


def _hosts(value: object) -> tuple[str, ...]:
    names = [each.strip().lower().removesuffix(".") for each in str(value or "").split(",")]
    names = [each for each in names if each]
    if isinstance(value, list | Mapping) or not all(map(_HOST_NAME.fullmatch, names)):
        raise ValueError(value)
    return tuple(names)


def _networks(value: object) -> tuple[Network, ...]:
    names = [each.strip() for each in str(value or "").split(",")]
    if isinstance(value, list | Mapping):
        raise ValueError(value)  # noqa: TRY004 -- of a value, as the others
    return tuple(ip_network(each) for each in names if each)


def _networks_text(networks: tuple[Network, ...]) -> str:
    return ", ".join(map(str, networks))


LEAST_JOB_TYPE_MEMORY = 256
"""Minimum memory for job types in MiB; with less, Python itself may not start."""

MOST_JOB_TYPE_MEMORY = 2**20
MOST_ROOM = 2**24
"""Maximum MiB for the pictures of a job."""
LEAST_LIMIT, LONGEST_LIMIT = 0.1, 3600.0
"""Least and most seconds for the script of a job type."""
SHORTEST, LONGEST = 1.0, 100 * 366 * 86_400.0
"""Least and most seconds of a timeout or period that is not turned off."""

MEBIBYTES = scalar(
    f"a whole number of MiB from {LEAST_JOB_TYPE_MEMORY} to {MOST_JOB_TYPE_MEMORY}", _mebibytes
)
ROOM = scalar(f"a whole number of MiB from 1 to {MOST_ROOM}", _room)
SOME_TIME = attrs.evolve(
    scalar("a duration from 100ms to 1h, such as 20s", _some_time), write=format_duration
)
TIMEOUT = attrs.evolve(
    scalar("a duration such as 10m0s, from 1s to 100 years, or 0s", _timeout),
    write=format_duration,
)
Timeout = Annotated[float, TIMEOUT]
"""Seconds; 0 turns it off."""
REPORT_PERIOD = attrs.evolve(
    scalar("a duration such as 1m0s, from 10s to 24h, or 0s", _report_period), write=format_duration
)
PERCENTAGE = scalar("a whole number from 1 to 100", _percentage)
HOSTS = attrs.evolve(scalar("names of hosts, separated by commas", _hosts), write=", ".join)
NETWORKS = attrs.evolve(
    scalar("networks such as 192.168.1.0/24 or fd00::/8, separated by commas", _networks),
    write=_networks_text,
)
PROGRAMS = attrs.evolve(scalar("programs, separated by commas", texts), write=", ".join)
ROLE = attrs.evolve(scalar("viewer, artist, wrangler or operator", _role), write=str)
LINKS = attrs.evolve(scalar("relative, hard, reflink or copy", _links), write=str)
LISTEN = scalar("an address such as :8080 or 127.0.0.1:8080", _address)
META_VERSION = scalar(f"version {VERSION}, the only one this Manager reads", _version)


@attrs.frozen(kw_only=True)
class Meta:
    """The section `_meta`."""

    version: Annotated[int, META_VERSION] = VERSION


@attrs.frozen(kw_only=True)
class GarbageCollect:
    """The section `shaman.garbageCollect`, in seconds; a period of 0 turns it off."""

    period: Timeout = 24 * 3600.0
    max_age: Annotated[Duration, Key("maxAge")] = 744 * 3600.0


@attrs.frozen(kw_only=True)
class ShamanConfig:
    """The section `shaman`."""

    enabled: Flag = sys.platform != "win32"
    links: Annotated[LinkKind, LINKS] = LinkKind.RELATIVE
    garbage_collect: Annotated[GarbageCollect, Key("garbageCollect")] = attrs.field(
        factory=GarbageCollect
    )


@attrs.frozen(kw_only=True)
class MqttClient:
    """The section `mqtt.client`."""

    enabled: Flag = False
    broker: Text = ""
    client_id: Annotated[Text, Key("clientID")] = "flamenco"
    topic_prefix: Text = "flamenco"
    username: Text = ""
    password: SecretText = attrs.field(default="", repr=False)


@attrs.frozen(kw_only=True)
class MqttConfig:
    """The section `mqtt`."""

    client: MqttClient = attrs.field(factory=MqttClient)


@attrs.frozen(kw_only=True)
class UpstreamConfig:
    """The section `upstream`: to whom this farm reports what it does."""

    url: Text = ""
    """Empty: to nobody."""
    secret: SecretText = attrs.field(default="", repr=False)
    """Key by which the reports are signed."""
    period: Annotated[float, REPORT_PERIOD] = 60.0
    """Seconds between reports; 0 turns them off."""
    names: Flag = False
    """True if the names of jobs are told."""


@attrs.frozen(kw_only=True)
class TlsConfig:
    """The section `tls`: files in PEM with which the Manager speaks TLS."""

    certificate: PathText = ""
    """The certificate, and those that lead to one that clients trust."""
    key: PathText = ""


@attrs.frozen(kw_only=True)
class ExecConfig:
    """The section `exec`: who may submit jobs with the command `exec`, and for which programs."""

    enabled: Flag = True
    role: Annotated[Role, ROLE] = Role.ARTIST
    """Least role, where there are users."""
    programs: Annotated[tuple[str, ...], PROGRAMS] = ()
    """Programs as commands name them, before variables are replaced; empty: any."""


@attrs.frozen(kw_only=True)
class Outgoing:
    """The section `outgoing`: where the Manager connects because somebody gave it an address."""

    allowed_networks: Annotated[tuple[Network, ...], NETWORKS] = ()
    """Private networks that may be reached; all others are out of reach."""


@attrs.frozen(kw_only=True)
class StoragePaths:
    """The Manager's folders and files, as absolute paths."""

    database: Path
    local: Path
    """Logs and last-rendered images."""
    shared: Path | None
    """The shared storage; None until the operator has chosen one (the first run)."""
    jobs: Path | None
    """The effective storage path, `{jobs}`: Shaman's checkouts, or the shared storage."""
    scripts: Path
    """Folder of this farm's job types; it need not exist."""
    certificate: Path | None = None
    """That of the Manager's own TLS; None, as for the next two: none is configured."""
    key: Path | None = None
    request_log: Path | None = None


@attrs.frozen(kw_only=True)
class ManagerConfig:
    """All keys of `flamenco-manager.yaml`; durations in seconds."""

    meta: Annotated[Meta, Key("_meta")] = attrs.field(factory=Meta)
    manager_name: Text = "Flamenco"
    database: FileText = DATABASE_NAME
    database_check_period: Timeout = 600.0
    """0 turns the check off."""
    listen: Annotated[str, LISTEN] = ":8080"
    allowed_hosts: Annotated[tuple[str, ...], HOSTS] = ()
    """Names, in lower case, under which the Manager is reached besides those of its machine."""
    trusted_proxies: Annotated[tuple[Network, ...], NETWORKS] = ()
    """Networks of the proxies that are believed who their clients are."""
    tls: TlsConfig = attrs.field(factory=TlsConfig)
    request_log: PathText = ""
    """File of the request log; empty: none."""
    autodiscoverable: Flag = True
    auth: AuthConfig = attrs.field(factory=AuthConfig)
    registration_secret: SecretText = attrs.field(default="", repr=False)
    """Secret that a new worker has to know; empty: none."""
    local_manager_storage_path: PathText = LOCAL_STORAGE
    shared_storage_path: PathText = ""
    shaman: ShamanConfig = attrs.field(factory=ShamanConfig)
    task_timeout: Timeout = 600.0
    worker_timeout: Timeout = 60.0
    blocklist_threshold: Count = 3
    """0 turns the blocklist off."""
    task_fail_after_softfail_count: Count = 3
    job_fail_percentage: Annotated[int, PERCENTAGE] = DEFAULT_FAILURE_PERCENTAGE
    """Percentage of failed tasks at which a job fails."""
    job_type_timeout: Annotated[float, SOME_TIME] = 20.0
    """Time after which the script of a job type is stopped."""
    job_type_memory: Annotated[int, MEBIBYTES] = 2048
    """Maximum MiB that the script of a job type may use (on Linux)."""
    warm_blender: Flag = True
    """True to let Workers keep Blender open between the tasks of a job."""
    job_pictures_size: Annotated[int, ROOM] = 1024
    """Maximum MiB that the pictures of a job's frames take."""
    archive_jobs_after: Duration = 0.0
    """Time without a change after which finished jobs leave the live lists; 0: never."""
    delete_jobs_after: Duration = 0.0
    """Time without a change after which finished jobs are deleted; 0: never."""
    worker_gone_after: Duration = 24 * 3600.0
    """Seconds without a sign of a worker after which no task waits for it; 0: never."""
    delete_workers_after: Duration = 0.0
    """Time away after which workers are deleted; 0: never."""
    delete_audit_after: Duration = 0.0
    """Time after which lines of the audit log are deleted; 0: never."""
    mqtt: MqttConfig = attrs.field(factory=MqttConfig)
    upstream: UpstreamConfig = attrs.field(factory=UpstreamConfig)
    exec: ExecConfig = attrs.field(factory=ExecConfig)
    outgoing: Outgoing = attrs.field(factory=Outgoing)
    variables: Annotated[Variables, VARIABLES] = attrs.field(factory=default_variables)
    worker_configuration: Annotated[tuple[Provision, ...], PROVISIONS] = ()
    """Values for many Workers, by their names and tags; later entries win."""

    @property
    def address(self) -> Address:
        """The address to listen on."""
        return parse_address(self.listen)

    def paths(self, storage: Path | None = None, folder: Path | None = None) -> StoragePaths:
        """The folders and files of the Manager.

        With a folder ``storage`` (`--storage DIR`), everything that the configuration does not name
        lies in it. Relative paths start at ``storage``, else at ``folder`` (the configuration
        file's), else at the current folder.
        """
        base = (storage or folder or Path()).absolute()
        database, local, shared = self.database, self.local_manager_storage_path, ""
        if storage is not None and local == LOCAL_STORAGE:
            local = "local"
        if self.shared_storage_path or storage is not None:
            shared = self.shared_storage_path or "shared"
        root = base / shared if shared else None
        jobs = root / "jobs" if root and self.shaman.enabled else root
        return StoragePaths(
            database=base / database.removeprefix("file:").partition("?")[0],
            local=base / local,
            shared=root,
            jobs=jobs,
            scripts=base / "scripts",
            certificate=base / self.tls.certificate if self.tls.certificate else None,
            key=base / self.tls.key if self.tls.key else None,
            request_log=base / self.request_log if self.request_log else None,
        )


def load_manager_config(path: Path | None = None, warn: Warn = ignore) -> ManagerConfig:
    """The configuration in ``path`` (`flamenco-manager.yaml` here); defaults without a file.

    Raises ConfigError.
    """
    path = path or Path(FILE_NAME)
    content = read_yaml(path)
    return ManagerConfig() if content is None else _from_yaml(content, path, warn)


def _from_yaml(content: CommentedMap, path: Path, warn: Warn = ignore) -> ManagerConfig:
    if "_meta" not in content:
        message = f"is missing; expected a section with version: {VERSION}"
        raise ConfigError(str(path), message, "_meta")
    return read_whole(ManagerConfig, content, Where(str(path), warn=warn))


def manager_config_from(values: Mapping[str, Any]) -> ManagerConfig:
    """The configuration from the file's keys and values, as the HTTP API takes them.

    Raises ConfigError.
    """
    return read_whole(ManagerConfig, values, Where("configuration"))


def manager_config_values(config: ManagerConfig) -> dict[str, Any]:
    """The configuration as the file's keys and values, as the HTTP API gives them."""
    return write_section(config)


def save_manager_config(config: ManagerConfig, path: Path) -> None:
    """Write the configuration as a whole or not at all, readable by its owner only.

    An existing file keeps its comments, its order and all that did not change, and what it was is
    kept beside it; one that cannot be read raises ConfigError and is left alone.
    """
    values = manager_config_values(config)
    content = read_yaml(path)
    if content is None:
        content = CommentedMap(values)
        content.yaml_set_start_comment(_HEADER)
    else:
        before = manager_config_values(_from_yaml(content, path))
        if before == values:
            return
        merge(content, before, values)
    write_yaml(path, content, keep=True)
