"""A client of an MQTT broker, which only publishes.

paho-mqtt knows the protocol, and Trio waits for its socket: no thread runs, and no other loop.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import attrs
import trio
from paho.mqtt.client import Client, DisconnectFlags, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from flamenco.config.manager import MqttClient
from flamenco.notices.wording import WrongAddress

PLAIN, ENCRYPTED = 1883, 8883
"""Ports of brokers by default."""

SCHEMES = {
    "mqtt": PLAIN,
    "tcp": PLAIN,
    "mqtts": ENCRYPTED,
    "ssl": ENCRYPTED,
    "tls": ENCRYPTED,
    "tcps": ENCRYPTED,
}
"""{scheme of a broker's URL: its port}."""

CONNECT_SECONDS = 20.0
"""Maximum seconds until a broker has let the client in."""

KEEP_ALIVE = 30
"""Seconds of silence after which the client asks if the broker is there (reference api §5)."""

LOOK_SECONDS = 1.0
"""Seconds between looks at the clock."""

MOST_UNCONFIRMED = 20
"""Maximum number of publications that are on their way."""

MOST_ANSWERED = 4096
"""Maximum bytes of a packet from the broker, which has little to say."""

_ANSWERS = {
    PacketTypes.CONNACK << 4,
    PacketTypes.PUBACK << 4,
    PacketTypes.PINGRESP << 4,
    PacketTypes.DISCONNECT << 4,
}
"""Packets that a broker may send to a client that subscribes to nothing."""


class Lost(Exception):
    """There is no connection, or no more; the text says why."""


@attrs.frozen(kw_only=True)
class Broker:
    """A broker, and who connects to it."""

    host: str
    port: int
    encrypted: bool = False
    client_id: str
    username: str = ""
    password: str = attrs.field(default="", repr=False)

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def broker_of(config: MqttClient) -> Broker:
    """The broker of a configuration. Raises `WrongAddress`."""
    if any(each in config.topic_prefix for each in "+#\0"):
        raise WrongAddress("mqtt.client.topic_prefix: a topic may not contain + or #")
    try:
        url = urlsplit(config.broker)
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    usual = SCHEMES.get(config.broker.partition("://")[0].lower())
    if usual is None or not host:
        raise WrongAddress("mqtt.client.broker: expected mqtt://HOST:PORT or mqtts://HOST:PORT")
    return Broker(
        host=host,
        port=port or usual,
        encrypted=usual == ENCRYPTED,
        client_id=config.client_id,
        username=config.username,
        password=config.password,
    )


@attrs.frozen
class Publication:
    """A message for whoever has subscribed to a topic, at least once."""

    topic: str
    payload: bytes
    retained: bool = False
    """True if the broker gives the last one to who subscribes later."""


class Publisher:
    """A client over all its connections: what is not confirmed is sent again over the next one."""

    def __init__(self, broker: Broker, will: Publication) -> None:
        """The broker publishes ``will`` when the connection ends and nobody has said good-bye."""
        self._broker = broker
        self._room = trio.Semaphore(MOST_UNCONFIRMED)
        self._wants_write = trio.Event()
        self._accepted = trio.Event()
        self._scope = trio.CancelScope()
        self._why = ""
        self._leaving = False
        self.confirmed = 0
        """Number of publications that the broker has taken."""
        self.refused = ""
        """Why the broker did not take the last one; empty if it did."""
        self._client = client = _Client(
            CallbackAPIVersion.VERSION2, broker.client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        if broker.username:
            client.username_pw_set(broker.username, broker.password or None)
        client.will_set(will.topic, will.payload, qos=1, retain=will.retained)
        client.connect_async(broker.host, broker.port, KEEP_ALIVE)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_socket_close = lambda _client, _data, sock: trio.lowlevel.notify_closing(sock)
        client.on_socket_register_write = lambda *_: self._wants_write.set()

    async def publish(self, publication: Publication) -> None:
        """Hand it over, as soon as there is room."""
        await self._room.acquire()
        self._client.publish(
            publication.topic, publication.payload, qos=1, retain=publication.retained
        )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Be connected during the block; raises `Lost` as soon as it is over.

        At its end all that was published is confirmed, and the broker has heard a good-bye.
        """
        self._why, self._leaving = "", False
        self._accepted, self._wants_write = trio.Event(), trio.Event()
        try:
            async with trio.open_nursery() as nursery:
                self._scope = nursery.cancel_scope
                with trio.move_on_after(CONNECT_SECONDS) as limit:
                    sock = await _open(self._broker)
                    self._client.begin(sock)
                    nursery.start_soon(self._read, sock)
                    nursery.start_soon(self._write, sock)
                    nursery.start_soon(self._watch)
                    await self._accepted.wait()
                if limit.cancelled_caught:
                    raise Lost(f"no answer within {CONNECT_SECONDS:.0f} s")
                yield
                await self._leave()
        except* (OSError, UnicodeError, Lost, trio.ClosedResourceError) as errors:
            self._why = self._why or _reason(errors)
        finally:
            self._client.let_go()
        if self._why:
            raise Lost(self._why)

    async def _leave(self) -> None:
        for _ in range(MOST_UNCONFIRMED):
            await self._room.acquire()
        self._leaving = True
        self._client.disconnect()
        await trio.sleep_forever()  # until that is written

    async def _read(self, sock: socket.socket) -> None:
        while True:
            await trio.lowlevel.wait_readable(sock)
            await self._do(self._client.loop_read)
            while isinstance(sock, ssl.SSLSocket) and sock.pending():
                await self._do(self._client.loop_read)

    async def _write(self, sock: socket.socket) -> None:
        while True:
            await self._wants_write.wait()
            self._wants_write = trio.Event()
            while self._client.want_write():
                await trio.lowlevel.wait_writable(sock)
                await self._do(self._client.loop_write)

    async def _watch(self) -> None:
        while True:
            await trio.sleep(LOOK_SECONDS)
            await self._do(self._client.loop_misc)

    async def _do(self, work: Callable[[], MQTTErrorCode]) -> None:
        """Let paho-mqtt do its part. Does not return if it has closed the socket."""
        try:
            code = work()
        except Exception as error:  # noqa: BLE001 -- what paho-mqtt raises of nonsense is its own
            raise Lost(f"it does not speak MQTT: {error!r}") from None
        if code:
            raise Lost(error_string(code))
        await trio.lowlevel.checkpoint()

    def _on_connect(
        self, _client: Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if code.is_failure:
            self._lose(f"the broker does not let the Manager in: {code}")
        else:
            self._accepted.set()

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, code: ReasonCode, _more: Any
    ) -> None:
        by_broker = flags.is_disconnect_packet_from_server
        why = f"the broker ended the connection: {code}" if by_broker else f"it broke: {code}"
        self._lose("" if self._leaving else why)

    def _on_publish(
        self, _client: Client, _data: Any, _number: int, code: ReasonCode, _properties: Any
    ) -> None:
        self.refused = str(code) if code.is_failure else ""
        self.confirmed += not code.is_failure
        self._room.release()

    def _lose(self, why: str) -> None:
        self._why = self._why or why
        self._scope.cancel()


class _Client(Client):
    """paho-mqtt's client over a socket that is connected already."""

    def begin(self, sock: socket.socket) -> None:
        """Sign on over a socket, which is the client's from here on."""
        self._connected = sock
        self.reconnect()

    def let_go(self) -> None:
        """Close the socket, if there is one."""
        self._sock_close()

    def _create_socket(self) -> socket.socket:
        return self._connected

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MOST_ANSWERED:
            raise ConnectionError(f"a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)

    def _packet_handle(self) -> MQTTErrorCode:
        if self._in_packet["command"] & 0xF0 not in _ANSWERS:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return super()._packet_handle()


async def _open(broker: Broker) -> socket.socket:
    """A connected socket. Raises OSError."""
    stream = await trio.open_tcp_stream(broker.host, broker.port)
    sock = socket.socket(fileno=stream.socket.detach())
    try:
        sock.settimeout(0.0)
        if broker.encrypted:
            context = await trio.to_thread.run_sync(ssl.create_default_context)
            sock = context.wrap_socket(
                sock, server_hostname=broker.host, do_handshake_on_connect=False
            )
            await _shake_hands(sock)
    except BaseException:
        sock.close()
        raise
    return sock


async def _shake_hands(sock: ssl.SSLSocket) -> None:
    while True:
        try:
            return sock.do_handshake()
        except ssl.SSLWantReadError:
            await trio.lowlevel.wait_readable(sock)
        except ssl.SSLWantWriteError:
            await trio.lowlevel.wait_writable(sock)


def _reason(errors: BaseExceptionGroup[BaseException]) -> str:
    """The first of the errors, as a text."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error.__cause__ or error) or repr(error)
