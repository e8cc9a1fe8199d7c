"""The actor that publishes what happens on the farm to an MQTT broker (reference api §5)."""

import logging
from collections import deque
from random import Random
from typing import Any

import attrs
import trio

import actors
from flamenco import clock
from flamenco.api.meta import FarmStatusReport
from flamenco.config.manager import MqttClient
from flamenco.manager.connections import GetConnection, Reconfigured
from flamenco.manager.services import STATUS, Services
from flamenco.manager.status import GetFarmStatus
from flamenco.model.connections import Connection, ConnectionState
from flamenco.model.statuses import FarmStatus
from flamenco.notices import WrongAddress
from flamenco.notices.mqtt import Lost, Publication, Publisher, broker_of
from flamenco.notices.topics import TOPICS, publications

logger = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Maximum number of events that wait for the broker; the oldest make room."""

PAUSES = actors.Backoff(initial=1.0, maximum=60.0)
"""Waits until a broker is tried again."""

STEADY_SECONDS = 60.0
"""Seconds of a connection after which its end counts as the first one."""

LAST_SECONDS = 2.0
"""Maximum seconds for the last events when the Manager stops."""


@attrs.frozen
class Last:
    """Mark behind the last event."""


@attrs.frozen
class Changed:
    """The connection of a publisher has changed."""

    publisher: Publisher
    state: ConnectionState
    reason: str = ""


class Mqtt(actors.Actor):
    """The owner of the connection to the broker, which the configuration may change at any time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._config = MqttClient()
        self._connection = Connection(since=clock.now())
        self._publisher: Publisher | None = None
        self._events: actors.Subscription[Any] | None = None
        self._work: actors.Background | None = None
        self._left = trio.Event()

    async def started(self) -> None:
        """Begin as the configuration has it."""
        self._begin(self._services.config.mqtt.client)

    @actors.handles(Reconfigured)
    def reconfigured(self, _: Reconfigured) -> None:
        """Begin anew if something else is wanted."""
        wanted = self._services.config.mqtt.client
        if wanted != self._config:
            self._begin(wanted)

    @actors.handles(GetConnection)
    def get(self, _: GetConnection) -> Connection:
        """How the connection is."""
        if self._publisher is None or self._events is None:
            return self._connection
        refused = self._publisher.refused
        return attrs.evolve(
            self._connection,
            reason=self._connection.reason or (refused and f"the broker refuses: {refused}"),
            sent=self._publisher.confirmed,
            lost=self._events.dropped,
        )

    def _begin(self, config: MqttClient) -> None:
        self._config = config
        if self._work is not None:
            self._work.cancel()
        self._publisher, self._events, self._work = None, None, None
        self._left = trio.Event()
        self._connection = Connection(since=clock.now())
        if not (config.enabled and config.broker):
            return
        try:
            broker = broker_of(config)
        except WrongAddress as error:
            self._change(ConnectionState.BROKEN, str(error))
            return
        state = ConnectionState.CONNECTING
        self._connection = attrs.evolve(self._connection, state=state, to=broker.address)
        (will,) = publications(FarmStatusReport(status=FarmStatus.UNKNOWN), config.topic_prefix)
        self._publisher = Publisher(broker, will)
        self._events = self.system.events.subscribe(*TOPICS, capacity=MOST_WAITING)
        self._work = self.start_soon(
            self._keep, self.ref, self._publisher, self._events, config.topic_prefix, self._left
        )

    @actors.handles(Changed)
    def changed(self, message: Changed) -> None:
        """Note how the connection is now."""
        if message.publisher is self._publisher:
            self._change(message.state, message.reason)

    def _change(self, state: ConnectionState, reason: str) -> None:
        before = self._connection
        self._connection = before.turned(state, reason, clock.now())
        if self._connection is before:
            return
        if reason:
            logger.warning("MQTT: %s: %s", before.to or "no broker", reason)
        else:
            logger.info("MQTT: connected to %s", before.to)

    async def stopping(self, why: actors.Exit, /) -> None:
        """Let the broker have the last events."""
        if self._connection.state is ConnectionState.CONNECTED and self._events is not None:
            self._events.put(Last())
            with trio.move_on_after(LAST_SECONDS):
                await self._left.wait()

    async def _keep(
        self,
        me: actors.ActorRef,
        publisher: Publisher,
        events: actors.Subscription[Any],
        prefix: str,
        left: trio.Event,
    ) -> None:
        """Be connected, and publish all that happens, until the last event is there."""
        held: deque[Publication] = deque()
        random, breaks = Random(), 0  # noqa: S311 -- of waits
        async with events:
            while not left.is_set():
                began = trio.current_time()
                try:
                    async with publisher.connected():
                        me.tell(Changed(publisher, ConnectionState.CONNECTED))
                        held.extend(publications(await self._status(), prefix))
                        await _publish(publisher, events, held, prefix)
                    left.set()
                except Lost as lost:
                    me.tell(Changed(publisher, ConnectionState.BROKEN, str(lost)))
                    is_steady = trio.current_time() - began >= STEADY_SECONDS
                    breaks = 1 if is_steady else breaks + 1
                    await trio.sleep(PAUSES.delay(breaks, random))

    async def _status(self) -> FarmStatusReport:
        """The farm's status: the broker has kept the will of the last connection in its place."""
        found = self.system.find(STATUS)
        try:
            status = await found.ask(GetFarmStatus()) if found else FarmStatus.UNKNOWN
        except actors.ActorError:
            status = FarmStatus.UNKNOWN
        return FarmStatusReport(status=status)


async def _publish(
    publisher: Publisher,
    events: actors.Subscription[Any],
    held: deque[Publication],
    prefix: str,
) -> None:
    """Publish what is ``held``, which outlives the connection, and all events until the last."""
    while True:
        while held:
            await publisher.publish(held[0])
            held.popleft()
        event = await anext(events)
        if isinstance(event, Last):
            break
        held.extend(publications(event, prefix))
    for each in publications(FarmStatusReport(status=FarmStatus.UNKNOWN), prefix):
        await publisher.publish(each)
