"""The Worker's end of the session: it connects, signs on, keeps in touch, and reconnects.

docs/worker-protocol.md explains each message.
"""

import logging
from contextlib import suppress
from functools import partial

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from flamenco import protocol
from flamenco.config.worker import FILE_NAME as CONFIG_NAME
from flamenco.errors import Mendable
from flamenco.protocol import Heartbeat, Hello, ProtocolError, Prove, Welcome
from worker.backoff import MOST_SECONDS, backoff
from worker.connection import ANSWER_SECONDS, Ended, talk_over
from worker.credentials import Credentials
from worker.finding import GONE_SECONDS, Whereabouts
from worker.handshake import NoProof, answer, meet, receive
from worker.outbox import Outbox
from worker.polling import Polling
from worker.registration import Identity, RegistrationFailed, SecretRefused
from worker.station import Station
from worker.trust import Step, step_after

log = logging.getLogger(__name__)

STAY_OUT = (
    "this Worker has its secret in common with another Manager, and tells it to nobody. If this is"
    f" the farm's Manager, set manager_url in {CONFIG_NAME}"
)
SAY_AGAIN_SECONDS = 300.0
"""Seconds after which the log says once more why there is no session."""
STABLE_SECONDS = 10.0
"""Seconds after which a session resets the back-off; otherwise two Workers with the same
credentials would throw each other out without a pause."""


class NotLetIn(Mendable):
    """The Manager at a configured address does not let this new Worker register."""


@attrs.define
class Session:
    """A session that is kept up, whatever happens to the network or to the Manager."""

    where: Whereabouts
    station: Station
    outbox: Outbox
    identity: Identity
    _longest_wait: float = attrs.field(init=False, default=MOST_SECONDS)
    """Maximum pause in seconds; a Manager with frequent heartbeats waits no longer than those."""
    _failures: int = attrs.field(init=False, default=0)
    _heard: float = attrs.field(init=False, factory=trio.current_time)
    """Time of the last contact with the Manager, by Trio's clock."""
    _last_reason: str = attrs.field(init=False, default="")
    _last_said: float = attrs.field(init=False, default=0.0)
    _is_new: bool = attrs.field(init=False, default=False)
    """True if the next thing to do is to register as a new worker."""

    async def run(self) -> None:
        """Connect again and again, until cancelled. Never raises because of the network.

        Raises `NotLetIn`, since a Worker reads its secret only at its start.
        """
        while True:
            await self._connect_once()
            await self._pause(backoff(self._failures, self._longest_wait))
            self._failures += 1

    async def _pause(self, seconds: float) -> None:
        """Wait, and search in the meantime if the Manager is gone from its address."""
        gone_for = trio.current_time() - self._heard
        credentials = self.identity.credentials
        async with trio.open_nursery() as nursery:
            if credentials is not None and self.where.was_found and gone_for >= GONE_SECONDS:
                nursery.start_soon(self.where.look_for, credentials)
            await trio.sleep(seconds)
            nursery.cancel_scope.cancel()

    async def _connect_once(self) -> None:
        renew, self._is_new = self._is_new, False
        try:
            credentials = await self.identity.get(renew=renew)
        except RegistrationFailed as error:
            is_new = self.identity.credentials is None
            if isinstance(error, SecretRefused) and is_new and not self.where.was_found:
                raise NotLetIn(f"not let in by the Manager at {self.where.url}: {error}") from None
            self._complain(str(error))
            return
        ended = await talk_over(self.where.url, partial(self._prove, credentials))
        step = self._step(ended, basic=False)
        if step is Step.BASIC:
            ended = await talk_over(self.where.url, self._talk, credentials)
            step = self._step(ended, basic=True)
        if step is Step.POLL:
            ended = await self._poll(credentials)
            step = self._step(ended, basic=True)
        self._is_new = step is Step.REGISTER
        if step is Step.REGISTER:
            log.warning("The Manager does not know this Worker; registering again")
        elif step is Step.STAY_OUT:
            self._complain(f"{ended.reason}; {STAY_OUT}")
        else:
            self._complain(ended.reason)

    def _step(self, ended: Ended, *, basic: bool) -> Step:
        known = self.identity.credentials
        proven = known is not None and known.proven
        return step_after(ended.code, basic=basic, proven=proven, found=self.where.was_found)

    async def _poll(self, credentials: Credentials) -> Ended:
        """Ask a Manager without sessions over HTTP, as long as that works."""
        machine = self.station.machine
        with machine.in_touch():
            await machine.wait_until_known()
            began = trio.current_time()
            ended = await Polling(self.where.http, self.station, self.outbox, credentials).run()
        self._was_in_touch(began)
        return ended

    async def _prove(
        self, credentials: Credentials, socket: WebSocketConnection, address: str
    ) -> Ended:
        """Prove who it is to a Manager that has proven itself; then as `_talk`."""
        key, address = credentials.key, address if self.where.was_found else ""
        try:
            exchange = await meet(socket, credentials.worker_id, key, address)
        except NoProof as error:
            return error.ended
        await socket.send_message(protocol.encode(Prove(exchange.workers_proof(key))))
        return await self._talk(socket, proven=True)

    async def _talk(
        self, socket: WebSocketConnection, _: str = "", *, proven: bool = False
    ) -> Ended:
        """Look at this machine, as far as the Manager has to tell something, and sign on."""
        with self.station.machine.in_touch():
            await self.station.machine.wait_until_known()
            return await self._keep_in_touch(socket, proven=proven)

    async def _keep_in_touch(self, socket: WebSocketConnection, *, proven: bool) -> Ended:
        """Sign on, and keep in touch as long as possible; returns why it ended."""
        hello = self.station.hello()
        await socket.send_message(protocol.encode(hello))
        try:
            welcome = await answer(socket)
        except ProtocolError as error:
            return Ended(f"its answer was not understood: {error}")
        if not isinstance(welcome, Welcome):
            return Ended(f"expected a welcome, it sent {type(welcome).__name__}")
        if await self.station.takes(welcome.provided):
            return Ended("it has a new configuration for this Worker, which signs on with it")
        log.info("Signed on at %s", self.where.url)
        if welcome.awaits_approval:
            log.warning("This Worker gets no task until somebody approves it at the Manager")
        if proven:
            self.identity.is_proven()
        self._last_reason = ""
        self._longest_wait = min(MOST_SECONDS, welcome.heartbeat_seconds)
        self.station.welcomed(welcome)
        began = self._heard = trio.current_time()
        silence = welcome.heartbeat_seconds + ANSWER_SECONDS
        with self.identity.shows(welcome.ticket):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._send, socket)
                nursery.start_soon(self._beat, socket, welcome.heartbeat_seconds)
                nursery.start_soon(self._watch, silence, nursery.cancel_scope)
                nursery.start_soon(self._renew, hello, nursery.cancel_scope)
                await self._listen(socket)
                nursery.cancel_scope.cancel()
        self._was_in_touch(began)
        return Ended("the session ended")

    def _was_in_touch(self, since: float) -> None:
        self._heard = trio.current_time()
        if self._heard - since >= STABLE_SECONDS:
            self._failures = 0

    async def _send(self, socket: WebSocketConnection) -> None:
        sent = 0
        with suppress(ConnectionClosed):
            while True:
                for seq, message in await self.outbox.after(sent):
                    await socket.send_message(protocol.encode(message, seq))
                    sent = seq

    async def _beat(self, socket: WebSocketConnection, seconds: float) -> None:
        with suppress(ConnectionClosed):
            while True:
                await trio.sleep(seconds)
                load = self.station.machine.meter.take()
                heartbeat = Heartbeat(self.station.living_leases(), load)
                await socket.send_message(protocol.encode(heartbeat))
                await socket.ping()
                self._heard = trio.current_time()

    async def _watch(self, seconds: float, scope: trio.CancelScope) -> None:
        """End a session in which nothing has come for so long, be it the answer to a ping.

        That comes late while a flood of log lines is on its way, and never if the Manager is gone
        and they stay in the way: then nothing can be sent any more.
        """
        while True:
            heard = self._heard
            await trio.sleep_until(heard + seconds)
            if heard == self._heard:
                scope.cancel()

    async def _renew(self, hello: Hello, scope: trio.CancelScope) -> None:
        """End a session whose hello knew too little about the machine; the next one tells more."""
        await self.station.machine.differs_from(hello.specs)
        log.info("More is known about this machine now; signing on again to tell the Manager")
        scope.cancel()

    async def _listen(self, socket: WebSocketConnection) -> None:
        """Pass on the Manager's messages until the session ends or one makes no sense."""
        with suppress(ConnectionClosed):
            while True:
                try:
                    message = await receive(socket)
                    self._heard = trio.current_time()
                    self.station.received(message)
                except ProtocolError as error:
                    log.error("The Manager sent something that is not a message: %s", error)
                    return

    def _complain(self, reason: str) -> None:
        """Say why there is no session, and once more from time to time."""
        now = trio.current_time()
        if reason != self._last_reason or now - self._last_said >= SAY_AGAIN_SECONDS:
            log.warning(
                "No session with the Manager at %s: %s; trying again", self.where.url, reason
            )
            self._last_said = now
        self._last_reason = reason
