"""A Mosquitto of the test's own, and somebody who listens to it."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.patience import until
from tests.programs import need

USER, PASSWORD = "farm", "hush"


@attrs.define
class Mosquitto:
    """A broker on a port that it keeps over its lives."""

    folder: Path
    lines: tuple[str, ...] = ()
    """More lines of its configuration."""
    port: int = attrs.field(factory=lambda: _free_port())
    _process: subprocess.Popen | None = None

    async def start(self) -> None:
        self._begin()
        await until(lambda: _answers(self.port))

    def _begin(self) -> None:
        file = self.folder / "mosquitto.conf"
        usual = (f"listener {self.port} 127.0.0.1", "user root")
        file.write_text("\n".join([*usual, *(self.lines or ("allow_anonymous true",))]) + "\n")
        self._process = subprocess.Popen(
            [need("mosquitto"), "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def mosquitto_in(folder: Path, *lines: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(folder, lines)
    try:
        yield broker
    finally:
        broker.kill()


def with_password(folder: Path) -> tuple[str, ...]:
    """Lines of a broker that lets nobody in but one user."""
    file = folder / "passwords"
    file.touch(mode=0o600)
    subprocess.run([need("mosquitto_passwd"), "-b", file, USER, PASSWORD], check=True)
    return ("allow_anonymous false", f"password_file {file}")


@attrs.define
class Listener:
    """Somebody who has subscribed to everything."""

    heard: list[tuple[str, bytes, bool]] = attrs.field(factory=list)
    """Topics and payloads, and if the broker had kept them."""

    def payloads(self, topic: str) -> list[bytes]:
        return [payload for found, payload, _ in self.heard if found == topic]


@contextmanager
def listener_at(broker: Mosquitto) -> Iterator[Listener]:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    listener = Listener()
    client.username_pw_set(USER, PASSWORD)
    client.on_connect = lambda *_: client.subscribe("#", qos=1)
    client.on_message = lambda _client, _data, message: listener.heard.append(
        (message.topic, message.payload, message.retain)
    )
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
