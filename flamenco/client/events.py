"""Events of the farm, from the text of server-sent events, with the place to resume from."""

from collections.abc import Iterator, Mapping

import attrs
import msgspec

from flamenco.api.events import EVENT_NAMES, FarmEvent

KINDS: Mapping[str, type] = {name: kind for kind, name in EVENT_NAMES.items()}


@attrs.frozen
class Resync:
    """A notice that events were missed for good: fetch everything you show again."""

    reason: str


@attrs.frozen(kw_only=True)
class Topics:
    """Topics to follow: single jobs, logs and workers by id, and types such as ``allJobs``."""

    job: tuple[str, ...] = ()
    tasklog: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()
    type: tuple[str, ...] = ()


@attrs.define
class EventStream:
    """A parser that turns the text of a stream into events, however it is cut into pieces."""

    place: str = ""
    """Id of the last event, from which a new connection resumes."""
    begun: bool = False
    """True if the present connection has told its beginning."""
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
        """Forget an incomplete event after a connection broke: it comes again."""
        self._rest, self.begun = "", False

    def _event(self, fields: Mapping[str, str]) -> FarmEvent | Resync | None:
        name = fields.get("event", "")
        kind = Resync if name == "/resync" else KINDS.get(name)
        if kind is None:
            return None
        event: FarmEvent | Resync = msgspec.json.decode(fields["data"], type=kind)
        return event
