"""Following the farm: server-sent events as classes, and the place to go on from."""

from collections.abc import Iterator, Mapping

import attrs
import msgspec

from flamenco.api.events import EVENT_NAMES, FarmEvent

KINDS: Mapping[str, type] = {name: kind for kind, name in EVENT_NAMES.items()}


@attrs.frozen
class Resync:
    """Something was missed that the Manager doesn't know any more: fetch anew what you show."""

    reason: str


@attrs.frozen(kw_only=True)
class Topics:
    """What is followed: single things by their ids, and types such as ``allJobs``."""

    job: tuple[str, ...] = ()
    tasklog: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()
    type: tuple[str, ...] = ()


@attrs.define
class EventStream:
    """Makes events of the text of a stream, however it is cut into pieces."""

    place: str = ""
    """Id of the last event: where a new connection goes on."""
    begun: bool = False
    """Whether the present connection has said where it begins."""
    _rest: str = ""

    def feed(self, text: str) -> Iterator[FarmEvent | Resync]:
        """The events that are complete with this piece."""
        *blocks, self._rest = (self._rest + text).split("\n\n")
        for block in blocks:
            fields = dict(line.partition(": ")[::2] for line in block.splitlines())
            event = self._event(fields)
            self.place = fields.get("id", self.place)
            self.begun = True
            if event is not None:
                yield event

    def broken(self) -> None:
        """The connection is gone; what had begun to arrive comes again."""
        self._rest, self.begun = "", False

    def _event(self, fields: Mapping[str, str]) -> FarmEvent | Resync | None:
        name = fields.get("event", "")
        kind = Resync if name == "/resync" else KINDS.get(name)
        if kind is None:
            return None
        event: FarmEvent | Resync = msgspec.json.decode(fields["data"], type=kind)
        return event
