"""Pictures of rendered frames, made and sent beside the tasks and never in their way.

A program of its own makes them (`flamenco.pictures`), one after the other. It ends while there is
nothing to do. Each goes to the Manager under its lease; of the images that wait only the newest is
sent in full size too (reference rules §9), and none of what File Output nodes add to a
frame. If there is no picture, the Manager is told why.
"""

import logging
from collections import deque
from pathlib import Path

import attrs
import httpx
import msgspec
import trio
from msgspec import UNSET

from flamenco.api.pictures import FramePicture
from flamenco.model.bounds import LONGEST_LINE, cut
from flamenco.model.pictures import is_added
from flamenco.pictures.kinds import THUMBNAILS, Made, Pictures
from flamenco.pictures.making import Maker, open_maker
from flamenco.pictures.refusing import NoPicture
from worker.backoff import backoff
from worker.connection import REFUSED
from worker.registration import Identity

log = logging.getLogger(__name__)

ROUTE = "api/v3/worker/task/{}/picture"
OLD_ROUTE = "api/v3/worker/task/{}/output-produced"
"""Operation that Flamenco 3's Manager knows, for the newest image alone."""
MOST_WAITING = 10_000
"""Maximum number of images that wait; the oldest ones get no picture then."""
IDLE_SECONDS = 30.0
"""Seconds after which a program that has nothing to do ends."""
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each new look at a file that is not whole yet, or not there on a slow share."""
RETRY_SECONDS = 10.0
"""Seconds of pause after the program could not be started."""
NOBODY = 0
"""Value in place of a status code if there is no answer."""
BEHIND = frozenset({NOBODY, 502, 504})
"""That, and those of a proxy that reaches no Manager."""
AWAY = BEHIND | REFUSED | {408, 429, 500, 503}
"""Status codes of a Manager that may take the picture later, perhaps in another session."""
MOST_TRIES = 30
"""Maximum number of times that a Manager which answers is asked to take a picture."""
NOTHING = Made(0, 0, b"")


@attrs.frozen(kw_only=True)
class Output:
    """An image that a task has written."""

    task_id: str
    lease: int
    frame: int
    output: str
    """View that it shows, or what a File Output node calls it; empty if there is one only."""
    path: Path
    seconds: float | None = None
    """Time that its frame took; None if that is not known."""
    looks: int = 0
    """Number of times that it was looked at in vain."""


@attrs.define(eq=False)
class PictureService:
    """The images that wait, and the making and sending of their pictures."""

    _http: httpx.AsyncClient
    _identity: Identity
    _waiting: deque[Output] = attrs.field(init=False, factory=deque)
    _later: int = attrs.field(init=False, default=0)  # number of those to look at again
    _busy: bool = attrs.field(init=False, default=False)
    _changed: trio.Event = attrs.field(init=False, factory=trio.Event)

    def offer(self, output: Output) -> None:
        """Make a picture of this after those that wait."""
        if len(self._waiting) >= MOST_WAITING:
            log.warning("No picture of %s: too many wait", self._waiting.popleft().path)
        self._waiting.append(output)
        self._tell()

    async def run(self) -> None:
        """Make and send pictures as images come, until cancelled; errors are only logged."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._wait_for_some()
                try:
                    await self._work(nursery)
                except OSError as error:
                    log.warning("The program that makes pictures can't be started: %s", error)
                    await trio.sleep(RETRY_SECONDS)

    async def wait_until_sent(self) -> None:
        """Wait until nothing is left to make or to send."""
        while self._waiting or self._busy or self._later:
            await self._changed.wait()

    async def _work(self, nursery: trio.Nursery) -> None:
        """Make pictures with one program, until it breaks or has nothing to do."""
        async with open_maker() as maker:
            while not maker.is_broken:
                with trio.move_on_after(IDLE_SECONDS):
                    await self._wait_for_some()
                if not self._waiting:
                    return
                self._busy = True
                try:
                    await self._handle(self._waiting.popleft(), maker, nursery)
                finally:
                    self._busy = False
                    self._tell()

    async def _handle(self, output: Output, maker: Maker, nursery: trio.Nursery) -> None:
        of_frames = (each for each in (*self._waiting, output) if not is_added(each.output))
        is_newest = next(of_frames, None) is output
        kinds = ("newest", *THUMBNAILS) if is_newest else THUMBNAILS
        pictures: Pictures = {}
        reason = ""
        try:
            pictures = await maker.make(output.path, kinds)
        except NoPicture as error:
            if error.passing and output.looks < len(PAUSES):
                self._later += 1
                nursery.start_soon(self._look_again, output)
                return
            log.warning("No picture of %s: %s", output.path, error)
            reason = str(error)
        await self._send(output, pictures, reason)

    async def _look_again(self, output: Output) -> None:
        await trio.sleep(PAUSES[output.looks])
        self._later -= 1
        self.offer(attrs.evolve(output, looks=output.looks + 1))

    async def _send(self, output: Output, pictures: Pictures, reason: str) -> None:
        large, small, newest = (pictures.get(n, NOTHING) for n in ("large", "small", "newest"))
        picture = FramePicture(
            lease=output.lease,
            frame=output.frame,
            output=output.output,
            width=large.width,
            height=large.height,
            large=large.content,
            small=small.content,
            newest=newest.content,
            reason=reason,
            file=cut(str(output.path), LONGEST_LINE),
            seconds=UNSET if output.seconds is None else output.seconds,
        )
        body = msgspec.json.encode(picture)
        status = await self._post(ROUTE.format(output.task_id), body, "application/json")
        if status == httpx.codes.NOT_FOUND and newest.content:
            route = OLD_ROUTE.format(output.task_id)
            status = await self._post(route, newest.content, "image/jpeg")
        if status >= httpx.codes.BAD_REQUEST:
            log.warning("The Manager answered %d to a picture of %s", status, output.path)

    async def _post(self, route: str, body: bytes, kind: str) -> int:
        """The Manager's answer to a picture, however long it is away.

        One that is there and can't take it is not asked for ever: others wait behind it.
        """
        failures = tries = 0
        while True:
            shown = self._identity.headers()
            if shown is not None:
                status = await self._post_once(route, body, {"Content-Type": kind, **shown})
                tries += status not in BEHIND
                if status not in AWAY or tries >= MOST_TRIES:
                    return status
            await trio.sleep(backoff(failures))
            failures += 1

    async def _post_once(self, route: str, body: bytes, headers: dict[str, str]) -> int:
        """The Manager's answer; `NOBODY` if there is none."""
        try:
            answer = await self._http.post(route, content=body, headers=headers)
        except httpx.HTTPError as error:
            log.debug("A picture can't be sent yet: %s", error or type(error).__name__)
            return NOBODY
        return answer.status_code

    async def _wait_for_some(self) -> None:
        while not self._waiting:
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
