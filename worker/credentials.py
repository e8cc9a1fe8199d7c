"""The Worker's credentials, and the file that keeps them."""

import base64
from contextlib import suppress
from pathlib import Path

import attrs

from flamenco.config.errors import ConfigError
from flamenco.config.files import read_yaml, write_yaml
from flamenco.config.schema import Flag, Text, Where, read_section
from flamenco.proofs import worker_key
from worker.damaged import set_aside

FILE_NAME = "flamenco-worker-credentials.yaml"


@attrs.frozen(kw_only=True)
class Credentials:
    """The Worker's id and secret at its Manager."""

    worker_id: Text = ""
    worker_secret: Text = attrs.field(default="", repr=False)
    proven: Flag = False
    """True once both ends have proven that they know the secret: it is never sent any more."""
    joined: Text = ""
    """Id of the join token that it has used."""

    @property
    def key(self) -> bytes:
        """The key of the proofs."""
        return worker_key(self.worker_secret)

    @property
    def basic(self) -> bytes:
        """The value of the Authorization header, which tells the secret."""
        pair = f"{self.worker_id}:{self.worker_secret}"
        return b"Basic " + base64.b64encode(pair.encode())


@attrs.frozen(kw_only=True)
class _Stored(Credentials):
    secret: Text = attrs.field(default="", repr=False)
    """The `worker_secret`, as some Workers of Flamenco 3 name it."""


def read_credentials(home: Path) -> Credentials | None:
    """The stored credentials; None if there are none. A damaged file is set aside."""
    path = home / FILE_NAME
    try:
        stored = read_section(_Stored, read_yaml(path), Where(str(path)))
    except ConfigError as error:
        with suppress(OSError):
            set_aside(path, error)
        return None
    secret = stored.worker_secret or stored.secret
    if not stored.worker_id or not secret:
        return None
    return Credentials(
        worker_id=stored.worker_id,
        worker_secret=secret,
        proven=stored.proven,
        joined=stored.joined,
    )


def write_credentials(home: Path, credentials: Credentials) -> None:
    """Store credentials, readable by their owner only. Raises `ConfigError`."""
    write_yaml(home / FILE_NAME, attrs.asdict(credentials))
