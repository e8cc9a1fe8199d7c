"""News for clients that follow the farm, as text and as a frame of a WebSocket.

A frame (RFC 6455 §5.2) leaves past Quart and Hypercorn: an event would take longer through the two
than all else that is done for it, and it is the same for all clients, so it is made once.
"""

import attrs
from wsproto.frame_protocol import FrameProtocol

_SERVER = FrameProtocol(client=False, extensions=[])


@attrs.define(eq=False)
class Told:
    """An event for clients: its name, its payload as JSON, and the place to read on from."""

    name: str
    payload: str
    place: str
    _frame: bytes | None = None

    @property
    def text(self) -> str:
        """The message of a WebSocket."""
        return f'{{"event":"{self.name}","payload":{self.payload},"id":"{self.place}"}}'

    @property
    def frame(self) -> bytes:
        """The frame of that message, without compression."""
        if self._frame is None:
            self._frame = bytes(_SERVER.send_data(self.text, fin=True))
        return self._frame
