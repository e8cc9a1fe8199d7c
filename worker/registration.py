"""Registration: a Worker asks the Manager for credentials once, and keeps them in a file."""

import secrets
from contextlib import suppress
from pathlib import Path

import attrs
import httpx
import msgspec

from flamenco.config.errors import ConfigError
from flamenco.config.files import read_yaml, write_yaml
from flamenco.config.schema import Text, Where, read_section
from flamenco.config.worker import FILE_NAME as CONFIG_NAME
from flamenco.config.worker import SECRET_VARIABLE, WorkerConfig
from flamenco.model.bounds import Word
from flamenco.platforms import PLATFORM
from worker.damaged import set_aside
from worker.refusals import said_in

FILE_NAME = "flamenco-worker-credentials.yaml"
ROUTE = "api/v3/worker/register-worker"

_PLACE = f"registration_secret in {CONFIG_NAME}, or in the environment as {SECRET_VARIABLE}"
NO_SECRET = f"it wants the farm's registration secret to let a Worker in: set {_PLACE}"
WRONG_SECRET = f"this Worker's registration secret is not the farm's: change {_PLACE}"


class RegistrationFailed(Exception):
    """The Manager could not be asked, or refused; the text says why, in a sentence."""


@attrs.frozen(kw_only=True)
class Credentials:
    """The Worker's id and secret at its Manager."""

    worker_id: Text = ""
    worker_secret: Text = attrs.field(default="", repr=False)


@attrs.frozen(kw_only=True)
class _Stored(Credentials):
    secret: Text = attrs.field(default="", repr=False)
    """What some Workers of Flamenco 3 call `worker_secret`."""


@attrs.frozen
class _Registered:
    uuid: Word


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
    return (
        Credentials(worker_id=stored.worker_id, worker_secret=secret)
        if stored.worker_id and secret
        else None
    )


@attrs.define
class Identity:
    """The Worker's credentials: those in its file, or new ones from the Manager."""

    http: httpx.AsyncClient
    config: WorkerConfig
    credentials: Credentials | None = attrs.field(init=False, default=None)

    async def get(self, *, renew: bool = False) -> Credentials:
        """The credentials; ``renew`` registers again. Raises `RegistrationFailed`."""
        if self.credentials is None:
            self.credentials = read_credentials(self.config.home)
        if self.credentials is None or renew:
            self.credentials = await register(self.http, self.config)
        return self.credentials


async def register(http: httpx.AsyncClient, config: WorkerConfig) -> Credentials:
    """Register as a new worker and store the credentials, readable by their owner only.

    Raises `RegistrationFailed`. The file is written once before the Manager is asked, so that a
    home that cannot be written to does not leave a trail of unused workers at the Manager.
    """
    path = config.home / FILE_NAME
    secret = secrets.token_hex(32)
    try:
        write_yaml(path, attrs.asdict(Credentials(worker_secret=secret)))
        credentials = Credentials(worker_id=await _ask(http, config, secret), worker_secret=secret)
        write_yaml(path, attrs.asdict(credentials))
    except ConfigError as error:
        raise RegistrationFailed(str(error)) from None
    return credentials


async def _ask(http: httpx.AsyncClient, config: WorkerConfig, secret: str) -> str:
    body = {
        "name": config.name,
        "secret": secret,
        "platform": PLATFORM,
        "supported_task_types": config.task_types,
        **(
            {"registration_secret": config.registration_secret}
            if config.registration_secret
            else {}
        ),
    }
    try:
        answer = await http.post(ROUTE, json=body)
    except httpx.HTTPError as error:
        raise RegistrationFailed(str(error) or type(error).__name__) from None
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise RegistrationFailed(WRONG_SECRET if config.registration_secret else NO_SECRET)
    if answer.status_code != httpx.codes.OK:
        text = said_in(answer.content)
        raise RegistrationFailed(f"it answered {answer.status_code} to a registration: {text}")
    try:
        return msgspec.json.decode(answer.content, type=_Registered).uuid
    except msgspec.DecodeError as error:
        raise RegistrationFailed(
            f"its answer to a registration was not understood: {error}"
        ) from None
