"""The place of a Manager's configuration, and what overrides it: environment, command line."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from flamenco.config.environment import MANAGER, Override, overridden, overrides_of
from flamenco.config.manager import (
    FILE_NAME,
    ManagerConfig,
    StoragePaths,
    load_manager_config,
    manager_config_values,
)
from flamenco.config.overlays import overlays_of
from flamenco.config.schema import Warn, ignore

AT_ONCE = (
    "manager_name",
    "allowed_hosts",
    "trusted_proxies",
    "task_timeout",
    "worker_timeout",
    "blocklist_threshold",
    "task_fail_after_softfail_count",
    "warm_blender",
    "job_pictures_size",
    "archive_jobs_after",
    "delete_jobs_after",
    "worker_gone_after",
    "delete_workers_after",
    "delete_audit_after",
    "exec",
    "outgoing",
    "mqtt",
    "upstream",
    "variables",
    "worker_configuration",
)
"""Keys whose changes a running Manager applies; all others are read when it starts."""

OPERATORS = (
    "auth.mode",
    "auth.roles.viewer",
    "auth.roles.artist",
    "auth.roles.wrangler",
    "auth.roles.operator",
    "auth.oidc.issuer",
    "auth.oidc.client_id",
    "auth.oidc.client_secret",
    "auth.oidc.scopes",
    "auth.oidc.name_claim",
    "auth.oidc.groups_claim",
    "auth.trusted_header",
    "auth.trusted_groups_header",
    "registration_secret",
    "allowed_hosts",
    "trusted_proxies",
    "exec.enabled",
    "exec.role",
    "exec.programs",
    "outgoing.allowed_networks",
    "mqtt.client.broker",
    "mqtt.client.password",
    "upstream.url",
    "upstream.secret",
    "upstream.names",
    "database",
    "listen",
    "tls.certificate",
    "tls.key",
    "request_log",
    "delete_audit_after",
    "local_manager_storage_path",
    "shared_storage_path",
)
"""Keys that only the operator changes: with one of them the farm, or the machine, is taken over."""


@attrs.frozen(kw_only=True)
class Installation:
    """A Manager's configuration file and command line."""

    file: Path = Path(FILE_NAME)
    storage: Path | None = None
    """`--storage`."""
    listen: str | None = None
    """`--listen`."""
    discoverable: bool | None = None
    """`--discoverable`."""
    config_from: tuple[Path, ...] = ()
    """`--config-from`: files, and folders of files, that overrule the configuration file."""
    assist: bool = False
    """`--setup-assistant`: behave as in a first run."""
    environment: Mapping[str, str] = attrs.field(factory=lambda: dict(os.environ), repr=False)
    overrides: list[Override] = attrs.field(init=False, repr=False)
    """Values from these files and the environment, read once. Making an installation raises
    ConfigError."""

    @overrides.default
    def _from_elsewhere(self) -> list[Override]:
        return [
            *overlays_of(ManagerConfig, self.config_from),
            *overrides_of(ManagerConfig, MANAGER, self.environment),
        ]

    def anew(self) -> "Installation":
        """The same, with its files and the environment read again. Raises ConfigError."""
        return attrs.evolve(self)

    @property
    def set_elsewhere(self) -> dict[str, str]:
        """Keys that the file can't change, each with what sets it."""
        return {".".join(each.keys): each.origin for each in self.overrides}

    def load(self, warn: Warn = ignore) -> ManagerConfig:
        """The configuration, with environment and command line applied. Raises ConfigError."""
        return self.overruled(load_manager_config(self.file, warn))

    def overruled(self, config: ManagerConfig) -> ManagerConfig:
        """A configuration, with environment and command line applied."""
        config = overridden(config, self.overrides)
        if self.listen is not None:
            config = attrs.evolve(config, listen=self.listen)
        if self.discoverable is not None:
            config = attrs.evolve(config, autodiscoverable=self.discoverable)
        return config

    def is_first_run(self, config: ManagerConfig) -> bool:
        """True if the operator has not chosen the shared storage yet."""
        return self.assist or not (self.storage or config.shared_storage_path)

    def shared(self, config: ManagerConfig) -> Path | None:
        """The shared storage of the configuration, even if it is to be chosen anew."""
        return config.paths(self.storage, self.file.parent).shared

    def paths(self, config: ManagerConfig) -> StoragePaths:
        """The folders and files of the Manager, without a shared storage in a first run."""
        paths = config.paths(self.storage, self.file.parent)
        return attrs.evolve(paths, shared=None, jobs=None) if self.is_first_run(config) else paths


def taken_over(running: ManagerConfig, wanted: ManagerConfig) -> ManagerConfig:
    """The configuration of a running Manager after a change."""
    return attrs.evolve(running, **{name: getattr(wanted, name) for name in AT_ONCE})


def changed_keys(before: ManagerConfig, after: ManagerConfig) -> tuple[str, ...]:
    """The keys that differ, such as `shaman.enabled`."""
    now, then = flat_values(before), flat_values(after)
    return tuple(key for key in now if now[key] != then[key])


def restart_keys(running: ManagerConfig, wanted: ManagerConfig) -> tuple[str, ...]:
    """The changed keys that need a restart."""
    changed = changed_keys(running, wanted)
    return tuple(key for key in changed if key.partition(".")[0] not in AT_ONCE)


def flat_values(config: ManagerConfig) -> dict[str, Any]:
    """The values by their keys, such as `shaman.enabled`; the variables are one value."""
    return dict(_flattened(manager_config_values(config), ""))


def _flattened(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and key != "variables":
            yield from _flattened(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
