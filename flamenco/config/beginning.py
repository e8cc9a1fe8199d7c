"""The configuration of a farm that begins: shut where others than this machine reach it.

It is written down, since a farm that is there already stays as it is, whatever is told later.
"""

import attrs
from ruamel.yaml.comments import CommentedMap

from flamenco.config.files import write_yaml
from flamenco.config.installation import Installation
from flamenco.config.manager import VERSION, ManagerConfig
from flamenco.model.access import AuthMode

HERE = "127.0.0.1:8080"
"""Address that a new farm listens on, unless it is told another one."""

_HEADER = "Configuration of the Flamenco Manager.\nIts keys are explained in the operator guide.\n"


def is_new(installation: Installation) -> bool:
    """True if there is no farm yet: neither its configuration nor its database."""
    database = installation.paths(ManagerConfig()).database
    return not installation.file.exists() and not database.exists()


def first_config(installation: Installation) -> ManagerConfig:
    """The configuration of a new farm, with environment and command line applied."""
    config = installation.overruled(attrs.evolve(ManagerConfig(), listen=HERE))
    mode = AuthMode.OPEN if config.address.is_loopback else AuthMode.USERS
    auth = attrs.evolve(config.auth, mode=mode)
    return installation.overruled(attrs.evolve(config, auth=auth))


def begin(installation: Installation, config: ManagerConfig) -> None:
    """Write down what a new farm began with. Raises ConfigError, OSError."""
    content = CommentedMap(
        {
            "_meta": {"version": VERSION},
            "listen": HERE,
            "auth": {"mode": config.auth.mode.value},
        }
    )
    content.yaml_set_start_comment(_HEADER)
    installation.file.parent.mkdir(parents=True, exist_ok=True)
    write_yaml(installation.file, content)
