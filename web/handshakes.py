"""The beginning of a session without HTTP Basic: each end proves that it knows the worker's secret.

Whoever reaches the port can begin one, so it is short, paced (`web.pacing`), and few at a time.
"""

from typing import Any, NoReturn, cast

import trio
from quart import websocket

import actors
from flamenco import clock, proofs, protocol
from flamenco.manager.workers.joining import OVER
from flamenco.model.joining import JoinToken
from flamenco.store import join_token
from web.auth import BadCredentials, NoKey
from web.context import door, reader, registrations, services
from web.registering import register, renew
from web.sockets import NORMAL
from web.turns import address

HANDSHAKE_SECONDS = 30.0
"""Seconds without the worker's proof, or then its hello, after which it is disconnected."""


class HandshakeOver(Exception):
    """The handshake leads to no session; ``code`` is that of the closed WebSocket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


async def next_message(kind: type[Any]) -> Any:
    """The next message, which is of this kind. Raises `ProtocolError`."""
    with trio.move_on_after(HANDSHAKE_SECONDS):
        message, _ = protocol.decode(await websocket.receive())
        if isinstance(message, kind):
            return message
    raise protocol.ProtocolError(
        f"expected {protocol.name_of(kind)} within {HANDSHAKE_SECONDS:g} s"
    )


async def meet() -> actors.ActorRef:
    """The actor of the worker that has proven itself.

    Raises `HandshakeOver`, also when the worker has registered instead, `ProtocolError`, `Refusal`,
    `TooMany` and `ActorStopped`.
    """
    said: protocol.Identify = await next_message(protocol.Identify)
    token = await _join_token(said.join) if said.join and not said.worker_id else None
    key = bytes.fromhex(token.key) if token else await _key_for(said.worker_id)
    here = proofs.address_of(cast("tuple[str, int]", websocket.scope["server"]))
    if said.address not in ("", here):
        reason = f"this connection leads to {here}, the worker's to another address"
        raise HandshakeOver(protocol.NOT_HERE, reason)
    nonce = proofs.new_nonce()
    exchange = proofs.Exchange(
        worker_id=said.worker_id,
        address=said.address,
        worker_nonce=said.nonce,
        manager_nonce=nonce,
    )
    challenge = protocol.Challenge(nonce=nonce, proof=exchange.managers_proof(key))
    await websocket.send(protocol.encode(challenge))
    if not said.worker_id:
        await _register(exchange, key, token)
    answer: protocol.Prove = await next_message(protocol.Prove)
    if not proofs.same(answer.proof, exchange.workers_proof(key)):
        raise HandshakeOver(protocol.NO_PROOF, "the worker's proof is wrong")
    return door().admit_proven(said.worker_id, websocket.remote_addr or "")


async def _key_for(worker_id: str) -> bytes:
    """The key of a worker, or of who wants to register. Raises `HandshakeOver` and `TooMany`."""
    if worker_id:
        try:
            return await door().key_of(worker_id)
        except BadCredentials as error:
            raise HandshakeOver(protocol.NOT_KNOWN, str(error)) from None
        except NoKey as error:
            raise HandshakeOver(protocol.NO_KEY, str(error)) from None
    registrations().spend(address())
    secret = services().config.registration_secret
    if not secret:
        raise HandshakeOver(protocol.NO_KEY, "this Manager has no registration secret")
    return await trio.to_thread.run_sync(proofs.farm_key, secret)


async def _join_token(token_id: str) -> JoinToken:
    """The join token that somebody says to have. Raises `HandshakeOver` and `TooMany`."""
    registrations().spend(address())
    token = await reader().look(lambda db: join_token(db, token_id))
    if token is None or token.expires <= clock.now():
        raise HandshakeOver(protocol.NO_PROOF, OVER)
    return token


async def _register(exchange: proofs.Exchange, key: bytes, token: JoinToken | None) -> NoReturn:
    new: protocol.Register = await next_message(protocol.Register)
    if not proofs.same(new.proof, exchange.workers_proof(key, new.key)):
        what = "join token" if token else "registration secret"
        raise HandshakeOver(protocol.NO_PROOF, f"the proof of the {what} is wrong")
    if token and token.worker_id:
        worker_id = token.worker_id
        await renew(token, new.key)
    else:
        registered = await register(
            name=new.name,
            key=new.key,
            platform=new.platform,
            task_types=new.task_types,
            join_token=token.id if token else "",
        )
        worker_id = registered.id
    await websocket.send(protocol.encode(protocol.Registered(worker_id)))
    raise HandshakeOver(NORMAL, "registered")
