"""The Worker's end of the handshake: it proves itself to a Manager that has proven itself first."""

import trio
from trio_websocket import WebSocketConnection

from flamenco import protocol
from flamenco.proofs import Exchange, new_nonce, same
from flamenco.protocol import Challenge, Identify, Message, ProtocolError
from worker.connection import ANSWER_SECONDS, Ended

STRANGER = "it does not know this Worker's secret, so it is not the Worker's Manager"


class NoProof(Exception):
    """The Manager did not prove that it knows the secret; says what it did instead.

    The code is `protocol.NO_PROOF` if its proof is wrong, and 0 if it made none.
    """

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.ended = Ended(reason, code)


async def receive(socket: WebSocketConnection) -> Message:
    """The next message. Raises ConnectionClosed and `ProtocolError`."""
    return protocol.decode(await socket.get_message())[0]


async def answer(socket: WebSocketConnection) -> Message:
    """The next message, which is awaited. Raises as `receive`, and TooSlowError."""
    with trio.fail_after(ANSWER_SECONDS):
        return await receive(socket)


async def meet(
    socket: WebSocketConnection, worker_id: str, key: bytes, address: str, *, join: str = ""
) -> Exchange:
    """Let the Manager prove that it has the key: of a worker, of the farm, or of a join token.

    Without a ``worker_id`` it is the farm's, or that of the token with the id ``join``. ``address``
    is where the connection leads if the Manager was found there, else empty. Raises `NoProof`,
    ConnectionClosed and TooSlowError.
    """
    nonce = new_nonce()
    said = Identify(worker_id=worker_id, nonce=nonce, address=address, join=join)
    await socket.send_message(protocol.encode(said))
    try:
        challenge = await answer(socket)
    except ProtocolError as error:
        raise NoProof(f"its answer was not understood: {error}") from None
    if not isinstance(challenge, Challenge):
        raise NoProof(f"expected a challenge, it sent {type(challenge).__name__}")
    exchange = Exchange(
        worker_id=worker_id, address=address, worker_nonce=nonce, manager_nonce=challenge.nonce
    )
    if not same(challenge.proof, exchange.managers_proof(key)):
        raise NoProof(STRANGER, protocol.NO_PROOF)
    return exchange
