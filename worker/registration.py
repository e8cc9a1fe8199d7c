"""Registration: a Worker asks the Manager for credentials once, and keeps them in a file."""

import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import attrs
import httpx
import msgspec
import trio
from trio_websocket import WebSocketConnection

from flamenco import protocol
from flamenco.config.errors import ConfigError
from flamenco.config.worker import FILE_NAME as CONFIG_NAME
from flamenco.config.worker import SECRET_VARIABLE, WorkerConfig
from flamenco.model.bounds import Word
from flamenco.platforms import PLATFORM
from flamenco.proofs import farm_key, worker_key
from flamenco.protocol import ProtocolError, Register, Registered
from worker.connection import REFUSED, WITHOUT_SESSIONS, Ended, talk_over
from worker.credentials import Credentials, read_credentials, write_credentials
from worker.handshake import NoProof, answer, meet
from worker.refusals import said_in

log = logging.getLogger(__name__)

ROUTE = "api/v3/worker/register-worker"

_PLACE = f"registration_secret in {CONFIG_NAME}, or in the environment as {SECRET_VARIABLE}"
NO_SECRET = f"it wants the farm's registration secret to let a Worker in: set {_PLACE}"
WRONG_SECRET = f"this Worker's registration secret is not the farm's: change {_PLACE}"
NOT_IN_CLEAR = (
    "it can't prove that it knows the registration secret, and was found in the network, so it is"
    f" not told it: if it is the farm's Manager, set manager_url in {CONFIG_NAME}"
)
WRONG_TOKEN = "the join token is not one of this Manager"  # noqa: S105
NO_JOINING = "it knows no join tokens: it is of an earlier version, or of Flamenco 3"
CAN_T_PROVE = WITHOUT_SESSIONS | REFUSED | {protocol.NO_KEY}
"""Codes of a Manager that does not know proofs, or has no registration secret."""


class RegistrationFailed(Exception):
    """The Manager could not be asked, or refused; the text says why, in a sentence."""


class SecretRefused(RegistrationFailed):
    """The Manager does not take this Worker's registration secret or join token, or wants one."""


@attrs.frozen
class _Registered:
    uuid: Word


@attrs.define
class Identity:
    """The Worker's credentials: those in its file, or new ones from the Manager."""

    http: httpx.AsyncClient
    config: WorkerConfig
    credentials: Credentials | None = attrs.field(init=False, default=None)
    ticket: str = attrs.field(init=False, default="", repr=False)
    """Token that requests beside the open session carry; empty: there is none."""

    async def get(self, *, renew: bool = False) -> Credentials:
        """The credentials; ``renew`` registers again. Raises `RegistrationFailed`."""
        if self.credentials is None:
            self.credentials = read_credentials(self.config.home)
        if self.credentials is None or renew or join_token(self.config, self.credentials):
            self.credentials = await register(self.http, self.config, self.credentials)
        return self.credentials

    def is_proven(self) -> None:
        """Note that both ends have proven themselves: from now on the secret is never sent."""
        if self.credentials is None or self.credentials.proven:
            return
        self.credentials = attrs.evolve(self.credentials, proven=True)
        try:
            write_credentials(self.config.home, self.credentials)
        except ConfigError as error:
            log.warning("That this Worker has proven itself can't be noted: %s", error)

    @contextmanager
    def shows(self, ticket: str) -> Iterator[None]:
        """Show the ticket of a session in requests beside it, as long as it is open."""
        self.ticket = ticket
        try:
            yield
        finally:
            self.ticket = ""

    def headers(self) -> Mapping[str, str] | None:
        """The headers of a request beside the session; None while there is nothing to show."""
        if self.ticket:
            return {"Authorization": f"Bearer {self.ticket}"}
        known = self.credentials
        return {"Authorization": known.basic.decode()} if known and not known.proven else None


async def register(
    http: httpx.AsyncClient, config: WorkerConfig, present: Credentials | None = None
) -> Credentials:
    """Register as a new worker and store the credentials, in place of the present ones.

    Raises `RegistrationFailed`. The file is written once before the Manager is asked, so that a
    home that cannot be written to does not leave a trail of unused workers at the Manager.
    """
    made = Credentials(
        worker_secret=secrets.token_hex(32), joined=present.joined if present else ""
    )
    try:
        write_credentials(config.home, present or made)
        if token := join_token(config, present):
            made = await _join(http, config, made, *token)
        elif config.registration_secret:
            made = await _register_by_proof(http, config, made)
        if not made.worker_id:
            made = attrs.evolve(made, worker_id=await _ask(http, config, made.worker_secret))
        write_credentials(config.home, made)
    except ConfigError as error:
        raise RegistrationFailed(str(error)) from None
    return made


def join_token(config: WorkerConfig, present: Credentials | None) -> tuple[str, str] | None:
    """Id and secret of a join token that the Worker has, and has not used yet."""
    token_id, _, secret = config.join_token.strip().partition(".")
    is_used = present is not None and present.joined == token_id
    return (token_id, secret) if token_id and not is_used else None


async def _join(
    http: httpx.AsyncClient, config: WorkerConfig, made: Credentials, token_id: str, secret: str
) -> Credentials:
    """The credentials with an id, by a join token. Raises `RegistrationFailed`."""
    registering = _Registering(config, made, worker_key(secret), join=token_id)
    ended = await talk_over(str(http.base_url), registering.talk)
    if ended.code == protocol.NO_PROOF:
        raise SecretRefused(ended.reason)
    if not registering.worker_id:
        raise RegistrationFailed(NO_JOINING if ended.code in CAN_T_PROVE else ended.reason)
    return attrs.evolve(made, worker_id=registering.worker_id, proven=True, joined=token_id)


async def _register_by_proof(
    http: httpx.AsyncClient, config: WorkerConfig, made: Credentials
) -> Credentials:
    """The credentials with an id, or as they are if a Manager can't prove anything.

    Raises `RegistrationFailed`; a Manager that was found is told the secret in no other way.
    """
    registering = _Registering(
        config, made, await trio.to_thread.run_sync(farm_key, config.registration_secret)
    )
    ended = await talk_over(str(http.base_url), registering.talk)
    if registering.worker_id:
        return attrs.evolve(made, worker_id=registering.worker_id, proven=True)
    if ended.code == protocol.NO_PROOF:
        raise SecretRefused(WRONG_SECRET)
    if ended.code not in CAN_T_PROVE:
        raise RegistrationFailed(ended.reason)
    if not config.manager_url:
        raise RegistrationFailed(NOT_IN_CLEAR)
    return made


@attrs.define
class _Registering:
    """One registration in a session."""

    config: WorkerConfig
    made: Credentials
    key: bytes
    join: str = ""
    """Id of the join token whose secret the key is of; empty: it is the farm's."""
    worker_id: str = ""

    async def talk(self, socket: WebSocketConnection, address: str) -> Ended:
        """Register; returns why that failed."""
        try:
            found = "" if self.config.manager_url else address
            exchange = await meet(socket, "", self.key, found, join=self.join)
            new_key = self.made.key.hex()
            new = Register(
                proof=exchange.workers_proof(self.key, new_key),
                key=new_key,
                name=self.config.name,
                platform=PLATFORM,
                task_types=self.config.task_types,
            )
            await socket.send_message(protocol.encode(new))
            said = await answer(socket)
        except NoProof as error:
            is_wrong = self.join and error.ended.code == protocol.NO_PROOF
            return Ended(WRONG_TOKEN, protocol.NO_PROOF) if is_wrong else error.ended
        except ProtocolError as error:
            return Ended(f"its answer to a registration was not understood: {error}")
        if isinstance(said, Registered):
            self.worker_id = said.worker_id
        return Ended(f"expected the answer to a registration, it sent {type(said).__name__}")


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
        answered = await http.post(ROUTE, json=body)
    except httpx.HTTPError as error:
        raise RegistrationFailed(str(error) or type(error).__name__) from None
    if answered.status_code == httpx.codes.FORBIDDEN:
        raise SecretRefused(WRONG_SECRET if config.registration_secret else NO_SECRET)
    if answered.status_code != httpx.codes.OK:
        text = said_in(answered.content)
        raise RegistrationFailed(f"it answered {answered.status_code} to a registration: {text}")
    try:
        return msgspec.json.decode(answered.content, type=_Registered).uuid
    except msgspec.DecodeError as error:
        raise RegistrationFailed(
            f"its answer to a registration was not understood: {error}"
        ) from None
