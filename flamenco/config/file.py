"""The configuration file of a running Manager, to be read and changed."""

import copy
import hashlib
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import trio

from flamenco.config.errors import ConfigError
from flamenco.config.files import parse_yaml, read_text, yaml_of
from flamenco.config.installation import OPERATORS, Installation, changed_keys
from flamenco.config.manager import (
    ManagerConfig,
    load_manager_config,
    manager_config_from,
    manager_config_values,
    save_manager_config,
)
from flamenco.config.secrets import mask, unmask

MOST_TOLD = 10
"""Number of wrong values that a refusal tells."""
REPLACED = ("variables",)
"""Sections that a change replaces as a whole; in others it changes only the keys it names."""


class BadValues(Exception):
    """Keys or values that a configuration cannot have; the text has the path of the key."""


class FileChanged(Exception):
    """The file has changed since the version that a change was made for."""


class OperatorsOnly(Exception):
    """A change that only the operator may make; the text names the keys."""


@attrs.define(eq=False)
class ConfigFile:
    """The file, read again when it has changed, and written as a whole or not at all.

    Raises ConfigError when it can't be read or written.
    """

    installation: Installation
    restart: trio.Event = attrs.field(factory=trio.Event)
    """Set when the Manager is to restart with the present content of the file."""
    token: str = attrs.field(factory=lambda: secrets.token_urlsafe(24), repr=False)
    """Secret by which the operator proves to be one from another machine, until the next start."""
    _changing: trio.Lock = attrs.field(factory=trio.Lock)
    _known: tuple[str, ManagerConfig] | None = None
    """Version of the file when it was last read, and its configuration."""

    async def read(self) -> ManagerConfig:
        """The configuration in the file; the defaults if there is none."""
        return (await self.read_versioned())[1]

    async def read_versioned(self) -> tuple[str, ManagerConfig]:
        """The version of the file as it is now, and its configuration."""
        version = await trio.to_thread.run_sync(_version_of, self.installation.file)
        if self._known is None or self._known[0] != version:
            said = await trio.to_thread.run_sync(load_manager_config, self.installation.file)
            self._known = version, said
        return self._known

    async def counts(self) -> ManagerConfig:
        """The configuration that a Manager started now would run with."""
        return self.installation.overruled(await self.read())

    async def text(self) -> str:
        """The file with its comments, secrets masked; the defaults if there is none."""
        return await trio.to_thread.run_sync(_shown, self.installation.file)

    async def change(
        self,
        values: Mapping[str, Any],
        fits: Callable[[str], bool] = lambda version: True,
        *,
        by_operator: bool = True,
    ) -> ManagerConfig:
        """Change the keys in ``values``, as in the file, and return the new configuration.

        A secret whose value is the mask stays as it is. Raises `BadValues`, `FileChanged` if
        ``fits`` refuses the version of the file, and `OperatorsOnly`.
        """
        async with self._changing:
            version, before = await self.read_versioned()
            if not fits(version):
                raise FileChanged
            stored = manager_config_values(before)
            merged = _merged(stored, values)
            unmask(merged, stored)
            try:
                after = manager_config_from(merged)
            except ConfigError as error:
                told = [f"{each.key}: {each.message}" for each in error.all[:MOST_TOLD]]
                raise BadValues("; ".join(told)) from None
            elsewhere = self.installation.set_elsewhere
            if told := [key for key in changed_keys(before, after) if key in elsewhere]:
                sentences = (f"{key}: is set by {elsewhere[key]}, not here" for key in told)
                raise BadValues("; ".join(sentences))
            theirs = [key for key in changed_keys(before, after) if key in OPERATORS]
            if theirs and not by_operator:
                raise OperatorsOnly(f"{', '.join(theirs)}: can only be changed by the operator")
            await self._save(after)
        return after

    async def replace(self, config: ManagerConfig) -> None:
        """Write all of ``config`` to the file."""
        async with self._changing:
            await self._save(config)

    async def _save(self, config: ManagerConfig) -> None:
        await trio.to_thread.run_sync(save_manager_config, config, self.installation.file)


def _version_of(file: Path) -> str:
    """A text that is different after each change of the file."""
    try:
        about = file.stat()
    except OSError:
        return "none"
    written = f"{about.st_mtime_ns} {about.st_size} {about.st_ino}"
    return hashlib.blake2b(written.encode(), digest_size=12).hexdigest()


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(copy.deepcopy(old))
    for key, value in new.items():
        before = merged.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping) and key not in REPLACED:
            merged[key] = _merged(before, value)
        else:
            merged[key] = value
    return merged


def _shown(file: Path) -> str:
    text = read_text(file)
    if text is None:
        return yaml_of(manager_config_values(ManagerConfig()))
    content = parse_yaml(text, file)
    return yaml_of(content) if mask(content) else text
