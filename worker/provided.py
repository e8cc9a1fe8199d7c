"""Configuration that the Manager has for this Worker, whose own one overrules it.

It is kept in the Worker's home, so that the Worker starts with it.
"""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import attrs
import msgspec

from flamenco.config.errors import ConfigError
from flamenco.config.files import read_yaml, write_yaml
from flamenco.config.origins import DEFAULT
from flamenco.config.schema import Where, entries_of, read_whole
from flamenco.config.worker import SETTINGS, WorkerConfig, WorkerSettings
from flamenco.model.bounds import LONGEST_LINE, cut
from flamenco.model.provisions import WorkerSetting
from flamenco.protocol import Provided
from worker.damaged import set_aside

log = logging.getLogger(__name__)

FILE_NAME = "flamenco-worker-provided.yaml"


def with_provided(own: WorkerConfig, provided: Iterable[Provided]) -> WorkerConfig:
    """The configuration that counts: its ``own``, and what the Manager has for the rest.

    An entry with a value that this Worker does not understand is left out as a whole.
    """
    config = own
    for each in provided:
        config = _with(config, own, each)
    return config


def _with(config: WorkerConfig, own: WorkerConfig, provided: Provided) -> WorkerConfig:
    try:
        where = Where(provided.origin, warn=log.warning)
        read = read_whole(WorkerSettings, provided.settings, where)
    except ConfigError as error:
        log.error("The Manager's configuration for this Worker is not understood: %s", error)
        return config
    keys = [key for key in SETTINGS if key in provided.settings and key not in own.origins]
    return attrs.evolve(
        config,
        **{key: getattr(read, key) for key in keys},
        origins={**config.origins, **dict.fromkeys(keys, provided.origin)},
        variables={**config.variables, **provided.variables},
    )


def told(config: WorkerConfig) -> tuple[WorkerSetting, ...]:
    """The values that count, each with the place where it comes from."""
    entries = {each.key: each for each in entries_of(WorkerSettings)}
    values = {key: entries[key].kind.write(getattr(config, key)) for key in SETTINGS}
    return tuple(
        WorkerSetting(
            key,
            cut(msgspec.json.encode(value).decode(), LONGEST_LINE),
            cut(config.origins.get(key, DEFAULT), LONGEST_LINE),
        )
        for key, value in values.items()
    )


def read_provided(home: Path) -> tuple[Provided, ...]:
    """The configuration that the Manager told last. A damaged file is set aside."""
    path = home / FILE_NAME
    try:
        content = read_yaml(path)
        return msgspec.convert(content["provided"], tuple[Provided, ...]) if content else ()
    except (ConfigError, KeyError, msgspec.ValidationError) as error:
        with suppress(OSError):
            set_aside(path, error)
        return ()


def keep_provided(home: Path, provided: Sequence[Provided]) -> None:
    """Keep what the Manager says; without a place for it, it says so again at the next start."""
    try:
        write_yaml(home / FILE_NAME, {"provided": [attrs.asdict(each) for each in provided]})
    except ConfigError as error:
        log.warning("What the Manager has for this Worker is not kept: %s", error)
